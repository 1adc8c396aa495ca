"""Admission: proof that an operation can be solved, and not be faked, by the judge's own check."""

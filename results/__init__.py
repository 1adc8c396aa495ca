"""What came of it: rows, paired statistics and reports."""

"""What a pack does where it runs: feeds judges, writes evidence; the standard library alone."""

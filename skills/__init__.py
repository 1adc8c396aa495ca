"""What is put to test: Skills and their variants."""

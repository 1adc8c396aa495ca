"""What is asked: operations, hardware profiles, suites and prompts."""

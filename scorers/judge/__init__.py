"""The judge: builds, checks and times untrusted kernels, and depends on numpy and torch alone."""

"""Where the judge runs: on this machine."""

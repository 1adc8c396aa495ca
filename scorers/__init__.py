"""How a kernel is judged: candidates, evidence, executors and the judge."""

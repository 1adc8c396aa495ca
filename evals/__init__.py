"""How a run happens: the command line, the Inspect task, recordings and the grid of arms."""

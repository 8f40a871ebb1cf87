"""What is stored: the history of runs."""

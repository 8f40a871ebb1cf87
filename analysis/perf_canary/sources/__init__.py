"""Where readings come from: each kind has a file of its own."""

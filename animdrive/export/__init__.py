"""Results to the files that other programs read."""

"""Speech to control curves."""

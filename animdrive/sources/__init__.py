"""Recordings to control curves."""

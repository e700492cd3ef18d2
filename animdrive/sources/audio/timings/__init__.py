"""Timings that are given: read from files, and phones found inside them."""

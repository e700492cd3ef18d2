"""Frames as the camera took them to smooth frames at a constant rate."""

"""Landmarks to the head's pose, the person, the eyes and the curves."""

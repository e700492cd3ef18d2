"""Whose face it is: our own head and what a rig can do."""

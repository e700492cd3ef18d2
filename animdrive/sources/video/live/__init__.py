"""Landmarks to curves frame by frame, knowing only what was seen so far."""

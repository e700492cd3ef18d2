"""Skin to pictures."""

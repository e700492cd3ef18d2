"""Curves to skin."""

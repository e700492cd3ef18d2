"""Curves while somebody speaks."""

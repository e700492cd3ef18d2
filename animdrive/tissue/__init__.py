"""Muscles and skin as matter: our own 4D truth."""

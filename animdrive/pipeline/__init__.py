"""Strings the rooms together: the only place that knows them all. CLI and batch call it."""

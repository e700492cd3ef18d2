"""Preparing 4D captures of any origin: reading, checking, cleaning, syncing, stabilising."""

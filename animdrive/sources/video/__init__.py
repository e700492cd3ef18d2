"""Video of a face to control curves."""

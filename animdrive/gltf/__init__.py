"""The file format glTF 2.0 itself: writing and reading its containers, knowing no faces."""

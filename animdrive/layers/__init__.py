"""What is blended on top of a performance."""

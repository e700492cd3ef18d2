"""Pictures to landmarks, and which of them to believe."""

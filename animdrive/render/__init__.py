"""Pictures of a character: headless rendering, previews, stills."""

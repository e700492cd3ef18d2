"""What the voice tells beyond the phones, and the rest of the face."""

"""Text of any language to phones, and the phones themselves."""

"""What we conclude from what was known."""

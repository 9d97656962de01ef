"""A run on disk: published whole or not at all, found, read and verified."""

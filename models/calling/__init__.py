"""Whom a person should contact today."""

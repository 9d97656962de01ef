"""A walk through the past: train at each cutoff, predict what follows, and a page with the figures."""

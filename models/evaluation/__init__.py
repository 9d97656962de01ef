"""How good a prediction is, and whether it may be used."""

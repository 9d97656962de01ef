"""Training: fit the models, measure them, register them, and let the gate decide."""

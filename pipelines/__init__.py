"""When it runs and where results go."""

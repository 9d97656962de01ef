"""The commands: what each takes and says of itself; what it does is elsewhere."""

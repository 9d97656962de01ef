"""How the delivered tables in a database come about and change."""

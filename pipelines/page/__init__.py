"""The picture of a run for people: what it shows, and the file that shows it without a server."""

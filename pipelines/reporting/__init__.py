"""The report of a run, and what all pages of HTML share."""

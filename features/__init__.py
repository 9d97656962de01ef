"""What was known about a debtor on a day."""

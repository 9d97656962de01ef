"""What one asks without publishing anything: a debtor, a quote, a message, rules, policy, experiments."""

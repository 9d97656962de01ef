"""Who pays alike, and what that means: groups, rules, schemes, risk."""

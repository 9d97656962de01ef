"""What protects debtors: pseudonyms, erasure, and who looked at whom."""

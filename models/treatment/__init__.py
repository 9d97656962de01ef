"""How a debtor is treated: the policy, terms, texts, and the experiment that measures it."""

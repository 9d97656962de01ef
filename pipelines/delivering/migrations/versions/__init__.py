"""The single changes, each written out for good: the contract may move on, they do not."""

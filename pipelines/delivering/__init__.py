"""Hands a published run on to other tools: what leaves, where to, and what that changes for them."""

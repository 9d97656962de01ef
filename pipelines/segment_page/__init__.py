"""The page about the segments: what they are, how late each is, who moves and why."""

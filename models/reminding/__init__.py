"""When an open invoice is reminded, how, and why not."""

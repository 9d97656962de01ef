"""The latest published run over HTTP, and the way back for what other tools have done."""

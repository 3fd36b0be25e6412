"""Hand-written policies."""

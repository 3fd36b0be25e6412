"""Node that serves named policies."""

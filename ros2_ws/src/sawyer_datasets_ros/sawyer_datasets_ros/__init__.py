"""Episode recorder node."""

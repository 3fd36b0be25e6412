"""Parts that robot code sees through other modules."""

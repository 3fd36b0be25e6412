"""Launch files and parameters."""

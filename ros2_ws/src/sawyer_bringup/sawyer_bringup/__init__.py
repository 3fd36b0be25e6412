"""Launch files and parameters; this module holds what the launch files share."""

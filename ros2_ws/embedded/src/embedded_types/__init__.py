"""Message, service and action types made from interface definitions."""

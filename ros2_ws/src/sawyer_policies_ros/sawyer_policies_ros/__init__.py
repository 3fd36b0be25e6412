"""Nodes that serve named policies, and learn one."""

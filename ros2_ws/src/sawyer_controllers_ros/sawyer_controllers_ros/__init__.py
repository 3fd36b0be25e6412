"""Nodes around sawyer_controllers."""

"""The ``sawyer`` command."""

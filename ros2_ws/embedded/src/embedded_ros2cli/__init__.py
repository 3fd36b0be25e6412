"""The ``ros2`` command of the embedded runtime."""

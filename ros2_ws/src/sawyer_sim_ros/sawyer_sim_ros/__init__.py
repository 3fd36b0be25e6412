"""Driver node of the PyBullet twin."""

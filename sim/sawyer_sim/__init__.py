"""PyBullet twin of the Sawyer arm with three electrical connectors."""

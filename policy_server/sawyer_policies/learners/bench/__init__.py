"""Speed of the learners beside Stable-Baselines3."""

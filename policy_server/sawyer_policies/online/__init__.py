"""Learning while the robot works: steps arrive from outside, weights leave as versions.

``transitions`` and ``journal`` load no torch; ``learner`` does.
"""

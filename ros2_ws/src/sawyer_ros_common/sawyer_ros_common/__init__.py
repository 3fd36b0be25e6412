"""What the nodes share: conversions, QoS, barrier, parameters, health."""

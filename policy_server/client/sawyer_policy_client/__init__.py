"""Client of a Sawyer policy server: numpy, msgpack and websockets, nothing else."""

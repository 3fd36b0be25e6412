"""The fused update: flat parameters, written-out gradients, buffers kept, CUDA graphs."""

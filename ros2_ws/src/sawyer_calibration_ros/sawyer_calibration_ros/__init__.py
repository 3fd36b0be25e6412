"""Camera and force-bias nodes."""

"""Client library with the public behaviour of rclpy."""

"""The arm's controllers: pure functions of states and commands, no ROS."""

"""Calibration of the arm's sensors, without ROS."""

"""Pictures, video and a one-page report of one recorded session, or of two side by side."""

from sawyer_datasets.report.build import ReportFiles, build_report
from sawyer_datasets.report.contrast import ContrastSide, build_contrast, goal_offset_m

__all__ = ["ContrastSide", "ReportFiles", "build_contrast", "build_report", "goal_offset_m"]

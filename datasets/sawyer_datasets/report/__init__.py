"""Pictures, video and a one-page report of a recorded session."""

from sawyer_datasets.report.build import ReportFiles, build_report

__all__ = ["ReportFiles", "build_report"]

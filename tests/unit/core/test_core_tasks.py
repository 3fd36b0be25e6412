from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_core.tasks import load_task

GOOD = """
connector: usb
goal_position_m: [0.6, 0.16, 0.0]
goal_quat_xyzw: [0.70710678, 0.70710678, 0, 0]
mouth_height_m: 0.012
insertion_depth_m: 0.012
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "task.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_task_file_round_trip(tmp_path: Path) -> None:
    task = load_task(write(tmp_path, GOOD))
    assert task.goal.tolist() == [0.6, 0.16, 0.0]
    assert np.linalg.norm(task.quat) == pytest.approx(1.0, abs=1e-15)
    assert (task.lateral_force_limit_n, task.vertical_force_limit_n) == (30.0, 50.0)
    section = "task:\n" + "\n".join("  " + line for line in GOOD.strip().splitlines())
    assert load_task(write(tmp_path, section)) == task


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("a: [b", ConfigError, "malformed YAML"),
        ("- 1", ConfigError, "mapping"),
        ("", ConfigError, "mapping"),
        (GOOD + "goal: 1", UnknownNameError, "goal_"),
        (GOOD.replace("0.16", ".nan"), ConfigError, "goal_position_m"),
        (GOOD.replace("0.6,", ""), ConfigError, "exactly 3"),
        (GOOD.replace("0.70710678, 0.70710678", "0.7, 0.6"), ConfigError, "unit quaternion"),
        (GOOD.replace("usb", "3"), ConfigError, "connector"),
        (GOOD + "reset_height_m: 0.25", ConfigError, "workspace_above_m"),
        (GOOD + "vertical_force_limit_n: 0.5", ConfigError, "from 1 to 200 N"),
        (GOOD.replace("connector: usb", ""), ConfigError, "connector.*required"),
    ],
)
def test_bad_task_files_are_refused(
    tmp_path: Path, text: str, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        load_task(write(tmp_path, text))

import json
from pathlib import Path

import pytest
from sawyer_interfaces.msg import EpisodeResult

from sawyer_controllers_ros.session_log import SessionLog, result_row
from sawyer_core import RecordingError


def result(**values) -> EpisodeResult:
    return EpisodeResult(
        connector="usb", policy="p_controller", reason="success", evidence="electrical", **values
    )


def test_the_file_is_whole_after_every_episode(tmp_path: Path) -> None:
    log = SessionLog(tmp_path / "new" / "folder", {"connector": "usb", "seed": 4})
    log.add(result(index=0, seed=4, success=True, valid=True, steps=15, robot_s=2.5))
    first = json.loads(log.path.read_text(encoding="utf-8"))
    assert (first["connector"], first["seed"], first["complete"]) == ("usb", 4, False)
    log.add(result(index=1, seed=5, robot_s=1.5))
    log.write(complete=True)
    data = json.loads(log.path.read_text(encoding="utf-8"))
    assert data["complete"]
    assert data["sim_s"] == 4.0
    assert data["wall_s"] >= 0.0
    assert [row["seed"] for row in data["episodes"]] == [4, 5]
    assert data["episodes"][0]["success"] is True
    assert [path.name for path in log.path.parent.iterdir()] == ["episodes.json"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_null(tmp_path: Path, value: float) -> None:
    log = SessionLog(tmp_path, {})
    log.add(result(final_distance_mm=value))
    text = log.path.read_text(encoding="utf-8")
    assert json.loads(text)["episodes"][0]["final_distance_mm"] is None


def test_a_row_has_what_the_evaluation_reads() -> None:
    assert {
        "seed", "connector", "policy", "noise_mm", "success", "steps", "time_s",
        "final_distance_mm", "peak_force_n", "reason", "wall_s",
    } <= set(result_row(result()))  # fmt: skip


def test_a_folder_that_cannot_be_made_or_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(RecordingError, match=r"output_dir .*file/below: Not a directory"):
        SessionLog(file / "below", {})
    log = SessionLog(tmp_path / "gone", {})
    log.path.parent.rmdir()
    with pytest.raises(RecordingError, match=r"episodes\.json: No such file"):
        log.write(complete=False)

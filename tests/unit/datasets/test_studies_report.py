"""Documents of chapter 9 from made-up records: what is missing is said, nothing is invented."""

import io
import json
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sawyer_core.errors import RecordingError, UnknownNameError
from sawyer_datasets.studies import insertion_pictures, insertion_report, notes
from sawyer_datasets.studies.curves import band, binned, smooth, steps_until
from sawyer_datasets.studies.documents import write_all
from sawyer_datasets.studies.insertion_plan import InsertionPlan
from sawyer_datasets.studies.insertion_summary import summaries
from sawyer_datasets.studies.outcomes import evaluation_outcome, training_outcome
from sawyer_datasets.studies.plans import plan_path
from sawyer_datasets.studies.runner import Study
from sawyer_datasets.studies.store import Store, published_records
from sawyer_datasets.studies.testing import FakeExecutor

PLAN = InsertionPlan.load(plan_path("ch9"))


def filled_store(folder: Path, *only: str, **options: Any) -> Store:
    jobs = PLAN.jobs()
    store = Store(folder, jobs)
    if only:
        study = Study(jobs, store, FakeExecutor(store, **options), lambda line: None)
        study.run(jobs.select(only), workers=1, stop=threading.Event())
    return store


def colours(picture: bytes) -> int:
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    return len(np.unique(pixels.astype(np.uint32) @ np.array([1, 256, 65536], dtype=np.uint32)))


def written(store: Store, out: Path) -> str:
    """The report, without the time that pictures take."""
    write_all(out, insertion_report.texts(PLAN, store, out))
    return (out / "report.md").read_text(encoding="utf-8")


def table_rows(text: str, method: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"| {method} ")]


def test_report_without_any_run_says_so_everywhere(tmp_path: Path) -> None:
    files = insertion_report.render(PLAN, filled_store(tmp_path / "work"), tmp_path / "out")
    assert {f.name for f in files} == {
        "notes.md", "report.md", "commands.md", "table.png", "results.json",
        "figure44_vision.png", "figure45_sparse_usb.png", "figure46_dense.png",
    }  # fmt: skip
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    cells = summaries(PLAN, filled_store(tmp_path / "work"))
    assert f"0 of {len(cells)} numbers measured as planned" in text
    tables = text[text.index("## Table 3") : text.index("## What was to be reached")]
    assert tables.count("| not run |") == len(cells)
    assert not re.search(r"\d+/\d+", tables)
    summary = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert {cell["status"] for cell in summary["summary"]} == {"not run"}
    assert not any("rate" in cell for cell in summary["summary"])
    assert summary["records"] == []


def test_report_counts_what_has_run(tmp_path: Path) -> None:
    store = filled_store(
        tmp_path / "work", "residual_sac_sparse", "p_controller/usb/exact", rate=lambda job: 1.0
    )
    text = written(store, tmp_path / "out")
    row = next(line for line in table_rows(text, "Residual RL") if "Sparse, SAC" in line)
    assert row.count("**100 %** (75/75)") == 2
    assert row.count("95 to 100 %") == 2
    assert row.count("25 25 25") == 2
    assert "88 %" in row
    hand = next(line for line in table_rows(text, "Hand-written") if "75/75" in line)
    assert hand.count("not run") == 1  # the noisy goal
    reached = next(line for line in text.splitlines() if line.startswith("| Residual RL, Sparse"))
    assert reached.endswith("| 95 % | 100.0 % (75/75) | yes |")


def test_half_run_cell_is_marked_partial(tmp_path: Path) -> None:
    store = filled_store(tmp_path / "work", "residual_sac_sparse/usb/s0")
    text = written(store, tmp_path / "out")
    row = next(line for line in table_rows(text, "Residual RL") if "Sparse, SAC" in line)
    assert row.count("1 of 3 trainings") == 2
    data = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    status = {c["goal"]: c["status"] for c in data["summary"] if c["row"] == "residual_sac_sparse"}
    assert status == {"exact": "partial", "noisy": "partial"}


def test_pictures_show_something_and_more_when_more_has_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insertion_pictures, "DPI", 40)
    empty = insertion_report.pictures(PLAN, filled_store(tmp_path / "a"))
    full = insertion_report.pictures(PLAN, filled_store(tmp_path / "b", "residual_*", "rl_*/usb"))
    for name in empty:
        assert 20 < colours(empty[name]) < colours(full[name]), name


def test_documents_are_rebuilt_from_the_published_records(tmp_path: Path) -> None:
    out = tmp_path / "out"
    written(filled_store(tmp_path / "work", "residual_sac_sparse"), out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    again = Store(tmp_path / "elsewhere", PLAN.jobs(), published_records(out / "results.json"))
    written(again, out)
    commands = "commands.md"  # names the work folder in what has not run
    assert {n: b for n, b in before.items() if n != commands} == {
        path.name: path.read_bytes() for path in out.iterdir() if path.name != commands
    }


def test_differences_carry_the_written_reason(tmp_path: Path) -> None:
    store = filled_store(tmp_path / "work", "residual_td3_image", rate=lambda job: 1.0)
    out = tmp_path / "out"
    text = written(store, out)
    assert "- USB, exact goal: 100 % against 0 %, above by" in text
    assert notes.UNWRITTEN in text
    by_hand = "## General\n\nAll on the twin.\n\n## residual_td3_image\n\nIts updates differ.\n"
    (out / "notes.md").write_text(by_hand, encoding="utf-8")
    text = written(store, out)
    assert "All on the twin." in text
    assert text.count("Its updates differ.") == 1
    assert notes.UNWRITTEN not in text
    assert (out / "notes.md").read_text(encoding="utf-8") == by_hand  # never overwritten


def test_note_of_a_cell_goes_before_that_of_its_row() -> None:
    found = {"a": "row", "a/usb": "cell"}
    assert notes.note_for(found, "a", "usb") == "cell"
    assert notes.note_for(found, "a", "dsub") == "row"
    assert notes.note_for(found, "b", "usb") == notes.UNWRITTEN


def test_misspelt_heading_of_the_notes_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("## residual_td3_imag\n\nwhy\n", encoding="utf-8")
    with pytest.raises(UnknownNameError, match="did you mean 'residual_td3_image'"):
        notes.read_notes(path, PLAN.rows)


def row(env_steps: int, distance: "float | None", **more: Any) -> dict[str, Any]:
    return {"env_steps": env_steps, "final_distance_m": distance, "success": False, **more}


def test_bins_hold_means_and_empty_ones_null() -> None:
    rows = [row(50, 0.02), row(100, 0.04, success=True), row(201, 0.01), row(400, None)]
    curve = binned(rows, 400, bins=4)
    assert curve["env_steps"] == [100, 200, 300, 400]
    assert curve["final_distance_m"] == [0.03, None, 0.01, None]
    assert curve["success"] == [0.5, None, 0.0, None]


def test_band_is_mean_and_extremes_over_trainings() -> None:
    one = {"env_steps": [1, 2, 3], "success": [0.0, None, 1.0]}
    two = {"env_steps": [1, 2, 3], "success": [1.0, None, None]}
    data = band([one, two], "success")
    assert data.env_steps.tolist() == [1.0, 3.0]
    assert (data.mean.tolist(), data.low.tolist(), data.high.tolist()) == (
        [0.5, 1.0], [0.0, 1.0], [1.0, 1.0],
    )  # fmt: skip
    assert smooth(data).mean.tolist() == [0.75, 0.75]
    with pytest.raises(RecordingError, match="different lengths"):
        band([one, {"env_steps": [1], "success": [0.0]}], "success")


def test_learned_when_success_stays() -> None:
    curve = {"env_steps": [1, 2, 3, 4, 5], "success": [0.0, 1.0, 0.0, 1.0, None]}
    assert steps_until({**curve, "success": [1.0, 0.0, 1.0, 1.0, 1.0]}, 0.9) == 3
    assert steps_until(curve, 0.9) is None
    assert steps_until(curve, 0.4) == 2


def run_folder(folder: Path, steps: int, *, bundles: int = 1) -> Path:
    for number in range(bundles):
        path = folder / "bundle" / f"policy{number}"
        path.mkdir(parents=True)
        (path / "policy.json").write_text('{"name": "p", "training": {"config": {"a": 1}}}')
    folder.mkdir(exist_ok=True)
    lines = [json.dumps({**row(n, 0.01), "updates": n}) for n in range(50, steps + 1, 50)]
    (folder / "metrics.jsonl").write_text("\n".join([*lines, '{"cut']), encoding="utf-8")
    return folder


def test_finished_training_is_read(tmp_path: Path) -> None:
    found = training_outcome(run_folder(tmp_path / "run", 200), 200)
    assert found["bundle"] == "bundle/policy0"
    assert (found["env_steps"], found["updates"], found["episodes"]) == (200, 200, 4)
    assert found["config"] == {"a": 1}


@pytest.mark.parametrize(
    ("steps", "bundles", "words"), [(150, 1, "150 of 200"), (200, 0, "0 pol")]
)
def test_unfinished_training_is_refused(
    tmp_path: Path, steps: int, bundles: int, words: str
) -> None:
    folder = run_folder(tmp_path / "run", steps, bundles=bundles)
    with pytest.raises(RecordingError, match=words):
        training_outcome(folder, 200)


def test_training_that_says_why_it_has_no_policy_is_read(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", 200, bundles=0)
    result = {"finished": True, "note": "on top of another", "config": {"a": 2}, "wall_s": 3.0}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    found = training_outcome(folder, 200)
    assert (found["bundle"], found["config"], found["train_wall_s"]) == ("", {"a": 2}, 3.0)
    (folder / "result.json").write_text(json.dumps({**result, "note": ""}), encoding="utf-8")
    with pytest.raises(RecordingError, match="0 pol"):
        training_outcome(folder, 200)


def test_evaluation_without_results_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "eval.json"
    with pytest.raises(RecordingError, match="cannot read"):
        evaluation_outcome(path)
    path.write_text('{"successes": 1}', encoding="utf-8")
    with pytest.raises(RecordingError, match="no result of an evaluation"):
        evaluation_outcome(path)

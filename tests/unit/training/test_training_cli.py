"""`sawyer train` and `sawyer demos` where nothing needs the twin."""

import io
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sawyer_cli.app import run
from sawyer_cli.errors import CommandError
from sawyer_cli.train import _stop_on_interrupt, describe, merge_settings
from sawyer_policies.training import Progress


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--algorithm", "ppo"], "choices: sac, td3"),
        (["--reward", "imag"], "did you mean 'image'"),
        (["--set", "learner.batchsize=2"], "did you mean 'learner.batch_size'"),
        (["--set", "step=2"], "did you mean 'steps'"),
        (["--set", "steps"], "expected key=value"),
        (["--preset", "residual_sac_imag"], "did you mean 'residual_sac_image'"),
        (["--connector", "usbb"], "Did you mean 'usb'"),
        (["--observation", "blocks"], "task insertion: algorithm sac | td3"),
        (["--resume"], "--resume needs --out"),
        (["--resume", "--out", "x", "--steps", "3"], "takes the settings of the run"),
        (["--resume", "--out", "no/such"], "is no training run"),
        (["--config", "no/such.yaml"], "no/such.yaml"),
    ],
)
def test_refusals_say_what_is_allowed(
    words: "list[str]", said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "residual", *words]) != 0
    assert said in capsys.readouterr().err


def test_blocks_refuses_rewards_of_the_insertion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "blocks", "--reward", "sparse"]) == 1
    assert "choices: blocks, blocks_tilt" in capsys.readouterr().err


def test_settings_are_merged_in_order(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("steps: 20\nseed: 1\nlearner:\n  batch_size: 8\n  demo: {batch_size: 4}\n")
    given: dict[str, Any] = {"seed": 2, "reward": None}
    merged = merge_settings(given, "debug", file, ["learner.actor_lr=1e-3", "learner.tau=0.1"])
    assert merged["steps"] == 20  # the file's, not the preset's
    assert merged["seed"] == 2  # the option's, not the file's
    assert merged["reward"] == "dense"  # the preset's: no option given
    assert merged["learner.batch_size"] == 8
    assert merged["learner.demo.batch_size"] == 4
    assert merged["learner.actor_lr"] == 0.001  # a number, though YAML 1.1 reads text
    assert merge_settings({}, None, None, ["learner.hidden=[3, 4]"]) == {"learner.hidden": [3, 4]}
    for word, wanted in (("steps", "key=value"), ("=3", "key=value"), ("steps=[3", "in YAML")):
        with pytest.raises(CommandError, match=wanted):
            merge_settings({}, None, None, [word])


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "3"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(text)
    with pytest.raises(CommandError, match=r"run\.yaml"):
        merge_settings({}, None, file, [])


def test_first_interrupt_stops_after_the_episode_and_the_second_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    console = Console(file=io.StringIO())
    with _stop_on_interrupt(console) as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before


def test_progress_line() -> None:
    seen = Progress(500, 8000, 20, 0.85, 0.0012, 98.7, 75.9, True)
    assert describe(seen) == (
        "99 steps/s, success of the last 20: 85 %, final distance 1.2 mm, 1:15 left, "
        "critics warm up"
    )
    unknown = Progress(0, 8000, 1, 0.0, float("nan"), 0.0, float("nan"), False)
    assert describe(unknown).endswith("no distance, ? left")


def test_unknown_demonstrations(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demos", "show", "usbb"]) == 1
    assert "did you mean 'usb'" in capsys.readouterr().err


def test_shipped_demonstrations_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demos", "show", "dsub"]) == 0
    out = capsys.readouterr().out
    assert "25 of" in out
    assert "2 mm, base none" in out

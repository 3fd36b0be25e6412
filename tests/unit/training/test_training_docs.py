"""docs/training.md names every setting and every preset's word."""

import re
from pathlib import Path

from sawyer_core.config import describe
from sawyer_policies.training import TrainingSettings

PAGE = Path(__file__).parents[3] / "docs" / "training.md"


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE.read_text(), flags=re.MULTILINE))
    for info in describe(TrainingSettings):
        shown = "empty" if info.default == "" else f"`{info.default}`"
        assert rows.get(info.name) == shown

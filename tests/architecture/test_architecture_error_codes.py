"""Every error code of the table is set somewhere."""

import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "ros2_ws" / "src"
TABLE = SOURCES / "sawyer_interfaces" / "msg" / "ErrorCode.msg"
CODES = re.findall(r"^uint16 (\w+)=", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
USED = "\n".join(
    path.read_text(encoding="utf-8") for path in SOURCES.glob("sawyer_*/sawyer_*/**/*.py")
)


@pytest.mark.parametrize("code", CODES)
def test_an_error_code_is_used(code: str) -> None:
    assert re.search(rf"ErrorCode\.{code}\b", USED)

"""The definitions of synthetic episodes are those of the interface package."""

from pathlib import Path

import pytest
from rosbags.typesys import get_types_from_msg

from sawyer_datasets.testing import TOPICS

INTERFACES = Path(__file__).resolve().parents[3] / "ros2_ws" / "src" / "sawyer_interfaces"
OWN = {
    spec.msgtype: spec.definition for spec in TOPICS.values() if spec.msgtype.startswith("sawyer_")
}


@pytest.mark.parametrize("msgtype", OWN)
def test_fields_and_constants_are_those_of_the_interface_file(msgtype: str) -> None:
    name = msgtype.rsplit("/", maxsplit=1)[1]
    text = (INTERFACES / "msg" / f"{name}.msg").read_text(encoding="utf-8")
    assert get_types_from_msg(OWN[msgtype], msgtype) == get_types_from_msg(text, msgtype)

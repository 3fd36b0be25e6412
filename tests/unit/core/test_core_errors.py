from __future__ import annotations

import inspect

import pytest

from sawyer_core import errors
from sawyer_core.errors import (
    CommandRejectedError,
    ConfigError,
    RejectionCode,
    SawyerError,
    StaleDataError,
    UnknownNameError,
)


def test_every_error_is_a_sawyer_error_and_drawn_in_the_tree() -> None:
    classes = [
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, Exception) and cls.__module__ == errors.__name__
    ]
    assert len(classes) > 8
    for cls in classes:
        assert issubclass(cls, SawyerError)
        assert cls.__name__ in (errors.__doc__ or "")


def test_messages_name_field_value_and_what_is_allowed() -> None:
    assert str(ConfigError("gain", -1, "from 0 to 2")) == (
        "gain = -1 is not allowed; allowed: from 0 to 2"
    )
    assert "usb" in str(UnknownNameError("connector", "ubs", ["usb", "dsub"]))
    assert "did you mean 'usb'" in str(UnknownNameError("connector", "ubs", ["usb", "dsub"]))
    assert UnknownNameError("connector", "zzz", ["usb"]).nearest is None
    assert "none" in str(UnknownNameError("connector", "zzz", []))
    assert str(StaleDataError("joint state", 0.5, 0.2)) == (
        "joint state is 0.500 s old, allowed 0.200 s"
    )


def test_rejection_has_a_code() -> None:
    with pytest.raises(CommandRejectedError, match="stale") as error:
        raise CommandRejectedError(RejectionCode.STALE, "too late")
    assert error.value.code is RejectionCode.STALE

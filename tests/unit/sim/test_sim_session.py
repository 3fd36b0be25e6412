"""The session around the twin: what it does when a part of it refuses."""

import numpy as np
import pytest

from sawyer_controllers.episode import EpisodeSpec
from sawyer_core.errors import CommandRejectedError, IkError, RejectionCode
from sawyer_sim.session import InsertionSession
from sawyer_sim.twin import Twin


@pytest.mark.parametrize(
    "error", [IkError("out of reach"), CommandRejectedError(RejectionCode.NON_FINITE, "bad")]
)
def test_without_a_joint_target_the_arm_holds_and_it_is_counted(error, monkeypatch):
    with Twin("usb") as twin:
        session = InsertionSession(twin)
        session.begin(EpisodeSpec(connector="usb", seed=1, base_controller="none"))
        for _ in range(2):
            session.step(np.array([0.0, 0.0, -0.004]))
        assert session.unsolved == 0
        sent = twin.loop.reference_rad

        def refuse(*args):
            raise error

        monkeypatch.setattr(session._cartesian, "target", refuse)
        for _ in range(3):
            result = session.step(np.array([0.0, 0.0, -0.004]))
        assert session.unsolved == 3
        assert not result.done
        assert twin.loop.reference_rad == pytest.approx(sent, abs=1e-12)
        monkeypatch.undo()
        before = session.frame.arm.ee_position_m[2]
        session.step(np.array([0.0, 0.0, -0.004]))
        assert session.frame.arm.ee_position_m[2] < before - 0.002
        session.begin(EpisodeSpec(connector="usb", seed=1))
        assert session.unsolved == 0

"""The loop without ROS: what the reset found out reaches joint loop and guard."""

from collections.abc import Iterator

import numpy as np
import pytest

from sawyer_controllers.episode import EpisodeSpec
from sawyer_controllers.joint_loop import LoopStatus
from sawyer_sim.session import InsertionSession
from sawyer_sim.twin import Twin


@pytest.fixture(scope="module")
def session() -> Iterator[InsertionSession]:
    with Twin("usb") as twin:
        yield InsertionSession(twin)


def test_the_contact_stop_judges_the_force_less_the_bias(session: InsertionSession) -> None:
    session.begin(EpisodeSpec("usb", seed=4))
    loop = session.twin.loop
    bias = np.array(loop.force_bias_n)
    assert bias.tolist() == session._bias.tolist()
    assert np.abs(bias).max() > 0.05
    q = session.frame.arm.q_rad.tolist()
    limit = loop.config.contact.vertical_n
    for offset, stops in ((-0.01, 0), (0.01, 1)):
        force = (bias + np.array([0.0, 0.0, limit + offset])).tolist()
        for _ in range(loop.config.contact.persist_ticks):
            loop.tick(q, [0.0] * 7, [0.0] * 7, force)
        assert loop.stops == stops


def test_a_fresh_episode_has_no_bias(session: InsertionSession) -> None:
    session.begin(EpisodeSpec("usb", seed=4))
    assert session.twin.loop.force_bias_n != (0.0, 0.0, 0.0)
    session.twin.prepare_episode(5)
    assert session.twin.loop.force_bias_n == (0.0, 0.0, 0.0)


def test_stops_of_the_joint_loop_latch_the_guard(session: InsertionSession) -> None:
    session.begin(EpisodeSpec("usb", seed=4))
    loop = session.twin.loop
    loop.stops = loop.config.contact.latch_after
    assert loop.status is not LoopStatus.LATCHED
    result = session.step(np.zeros(3))
    assert result.done
    assert session.result().reason == "safety_stop"
    assert "3 contact stops" in session._stop_reason()

"""Help for tests on a launched graph: a commander of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import PoseStamped, Vector3
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import (
    DriverState,
    EeCommand,
    EpisodeResult,
    EpisodeStep,
    SafetyState,
)
from sawyer_interfaces.srv import AcquireCommander, PrepareEpisode, ReleaseCommander
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from sawyer_core import JOINT_NAMES
from sawyer_core.types import Array
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.stamps import to_ns
from sawyer_ros_common.testing import LaunchedGraph, wait_for

PERIOD_NS = 100_000_000


class CommandBench:
    """A commander of the test's own on the launched graph."""

    def __init__(self, graph: LaunchedGraph) -> None:
        self.graph = graph
        self.client = graph.client
        node = graph.node
        self.commands = node.create_publisher(EeCommand, "ee_command", qos.COMMAND)
        self.targets = node.create_publisher(JointTrajectory, "joint_target", qos.COMMAND)
        self.safety = self.client.listen(SafetyState, "safety/state", qos.EVENT)
        self.driver = self.client.listen(DriverState, "driver/state", qos.LATCHED)
        self.poses = self.client.listen(PoseStamped, "ee_pose", qos.STATE)
        self.joints = self.client.listen(JointState, "joint_states", qos.STATE)
        self.commanded = self.client.listen(EeCommand, "ee_command", qos.COMMAND)
        self.steps = self.client.listen(EpisodeStep, "episode/step", qos.EVENT)
        wait_for(lambda: self.driver != [], 30.0, "the driver")
        wait_for(
            lambda: node.count_subscribers("ee_command") > 0 and self.targets_matched(),
            30.0,
            "the command node",
        )
        self.settle()

    def settle(self) -> None:
        """Driver and command node find each other on their own: repeat until a state arrives."""
        for _ in range(10):
            self.prepare()
            if not self.acquire("settle").error_code:
                self.release("settle")
                return
        raise AssertionError(f"the command node sees no state:\n{self.graph.text()}")

    def targets_matched(self) -> bool:
        """Whether the driver hears our joint targets."""
        return self.graph.node.count_subscribers("joint_target") > 0

    @property
    def stamp_ns(self) -> int:
        """Stamp of the newest state."""
        return to_ns(self.poses[-1].header.stamp)

    @property
    def position(self) -> Array:
        """Where the end effector is, m."""
        return conversions.xyz(self.poses[-1].pose.position)

    def prepare(self, seed: int = 0) -> None:
        """A fresh plug, the arm at home, everybody has seen it."""
        reply = self.client.call(
            PrepareEpisode, "driver/prepare_episode", PrepareEpisode.Request(seed=seed)
        )
        assert not reply.error_code
        self.until_stamp(to_ns(reply.stamp))

    def until_stamp(self, stamp_ns: int) -> None:
        """Wait for a state."""
        wait_for(lambda: bool(self.poses) and self.stamp_ns >= stamp_ns, 10.0, f"state {stamp_ns}")

    def acquire(self, source: str) -> AcquireCommander.Response:
        """Take the seat at the newest state."""
        start = self.poses[-1].header.stamp
        request = AcquireCommander.Request(source=source, start=start, fresh=True)
        return self.client.call(AcquireCommander, "commander/acquire", request)

    def release(self, source: str) -> ReleaseCommander.Response:
        """Leave the seat."""
        request = ReleaseCommander.Request(source=source)
        return self.client.call(ReleaseCommander, "commander/release", request)

    def command(
        self, x: float, y: float, z: float, *, source: str = "first", **other: int
    ) -> None:
        """Send a displacement; ``other``: stamp_ns, step."""
        stamp_ns = other.get("stamp_ns", self.stamp_ns)
        message = EeCommand(
            header=conversions.header(stamp_ns),
            translation=Vector3(x=x, y=y, z=z),
            source=source,
            step=other.get("step", 0),
        )
        self.commands.publish(message)

    def reported(self, matches: Callable[[SafetyState], bool]) -> SafetyState:
        """Wait for a report of the guard."""
        wait_for(lambda: any(matches(report) for report in self.safety), 10.0, "safety/state")
        return next(report for report in self.safety if matches(report))

    def target(self, q_rad: list[float], stamp_ns: int, names: list[str] | None = None) -> None:
        """Send the driver a joint target."""
        point = JointTrajectoryPoint(positions=q_rad)
        point.time_from_start.nanosec = PERIOD_NS
        self.targets.publish(
            JointTrajectory(
                header=conversions.header(stamp_ns),
                joint_names=list(JOINT_NAMES) if names is None else names,
                points=[point],
            )
        )

    def run(self, **goal: Any) -> EpisodeResult:
        """Run an episode."""
        values = {"connector": "usb", "policy": "p_controller", **goal}
        return self.client.run_goal(RunEpisode, "run_episode", RunEpisode.Goal(**values)).result

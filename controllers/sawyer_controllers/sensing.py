"""Insertion-success sensing: electrical, depth and force evidence, fused and debounced."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from sawyer_core.config import setting, validate
from sawyer_core.errors import ConfigError
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import SensorFrame


class Evidence(str, Enum):
    """Which evidence decided."""

    NONE = "none"
    ELECTRICAL = "electrical"
    DEPTH = "depth"
    FORCE = "force"
    POSE = "pose"


@dataclass(frozen=True)
class SensingConfig:
    """Debouncing and the thresholds that are not the task's."""

    electrical_debounce_s: float = setting(
        0.1,
        unit="s",
        bounds=(0.0, 2.0),
        doc="time the electrical signal must be alive",
        source="residual_insertion_daib B.5: debounce 100 ms",
    )
    electrical_min_depth_m: float = setting(
        0.0,
        unit="m",
        bounds=(-0.01, 0.05),
        doc="depth of the end effector below the mouth from which the electrical signal is "
        "believed; contacts close at 4 mm (D-Sub) or 8 mm, the rest is for slip and bending",
        source="ours: the tip cannot be connected above the mouth",
    )
    depth_debounce_s: float = setting(
        0.2,
        unit="s",
        bounds=(0.0, 2.0),
        doc="time the pose must stay within the tolerances (3 samples at 10 Hz)",
        source="residual_insertion_daib B.5: 3 consecutive samples",
    )
    success_hold_s: float = setting(
        0.5,
        unit="s",
        bounds=(0.0, 10.0),
        doc="time the insertion must be held to be a success",
        source="calibration target: electrical contact held for 0.5 s",
    )
    max_gap_s: float = setting(
        0.25, unit="s", bounds=(0.001, 5.0), doc="samples further apart do not count as held"
    )
    bottoming_force_n: float = setting(
        5.0,
        unit="N",
        bounds=(0.5, 100.0),
        doc="upward force from which the plug counts as standing on the seat",
        source="sawyer_arm 6: forces around 5 N and below are not reliable",
    )
    bottoming_depth_share: float = setting(
        0.8,
        bounds=(0.1, 1.0),
        doc="share of the insertion depth from which the force may decide",
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class InsertionState:
    """What the sensing says at one stamp.

    Attributes:
        inserted: debounced evidence of insertion now.
        success: inserted without a break for the hold time; stays until the sensor is reset.
        evidence: what decided ``inserted``, and while that is False what decided ``success``;
            none while both are False.
        depth_m: travel below the socket mouth, negative above it.
        lateral_error_m: horizontal distance from the goal.
        held_s: how long the evidence has held so far.
        implausible: why a signal that is alive is not believed, empty if it is or is not alive.
    """

    stamp_ns: int
    inserted: bool
    success: bool
    evidence: Evidence
    depth_m: float
    lateral_error_m: float
    held_s: float
    implausible: str = ""


class InsertionSensor:
    """Pure function of the samples; time is what their stamps say.

    With an electrical signal (``task.electrical``) signal and depth must agree: depth alone does
    not count, as a plug that slipped in the gripper reaches it without being connected, and a
    signal above the mouth is a short circuit, which stays one until the signal has been off.
    Without a signal the pose decides, or, short of the depth tolerance, the force that the seat
    answers with.
    """

    def __init__(self, config: SensingConfig, task: InsertionTask) -> None:
        self.config = config
        self.task = task
        self.reset()

    def reset(self) -> None:
        """Forget everything, the latched success included."""
        self._since_ns: int | None = None
        self._last: InsertionState | None = None
        self._decided = Evidence.NONE  # what the latched success rests on
        self._short = False  # alive above the mouth, and not off since

    def update_frame(
        self,
        frame: SensorFrame,
        goal_position_m: npt.ArrayLike,
        force_centered_n: npt.ArrayLike,
    ) -> InsertionState:
        """:meth:`update` with everything one sensor frame knows."""
        return self.update(
            frame.stamp_ns,
            frame.electrical_contact,
            frame.arm.ee_position_m,
            goal_position_m,
            force_centered_n,
            contact_duration_s=frame.contact_duration_s,
        )

    def update(
        self,
        stamp_ns: int,
        electrical: bool,
        ee_position_m: npt.ArrayLike,
        goal_position_m: npt.ArrayLike,
        force_centered_n: npt.ArrayLike,
        *,
        contact_duration_s: float | None = None,
    ) -> InsertionState:
        """Take one sample.

        Args:
            stamp_ns: time of the sample. An older one than the last restarts the debouncing,
                the same one again gives the same answer.
            electrical: the connector's signal at that time.
            ee_position_m: (3,) measured, frame `base`.
            goal_position_m: (3,) goal, frame `base`.
            force_centered_n: (3,) bias-free force on the plug.
            contact_duration_s: how long the signal has been alive without a break, where the
                driver knows it: it sees breaks between two samples.
        """
        if self._last is not None and stamp_ns == self._last.stamp_ns:
            return self._last
        ee = np.asarray(ee_position_m, dtype=np.float64)
        goal = np.asarray(goal_position_m, dtype=np.float64)
        force = np.asarray(force_centered_n, dtype=np.float64)
        if ee.shape != (3,) or goal.shape != (3,) or force.shape != (3,):
            raise ConfigError(
                "InsertionSensor.update", (ee.shape, goal.shape, force.shape), "shape (3,) each"
            )
        lateral = float(np.hypot(ee[0] - goal[0], ee[1] - goal[1]))
        depth = float(goal[2] + self.task.mouth_height_m - ee[2])
        implausible = self._doubt(electrical, depth)
        evidence = self._judge(
            electrical and not implausible, lateral, depth, float(ee[2] - goal[2]), float(force[2])
        )
        self._keep_time(stamp_ns, evidence, contact_duration_s)
        self._last = self._state(stamp_ns, evidence, depth, lateral, implausible)
        return self._last

    def _state(
        self, stamp_ns: int, evidence: Evidence, depth: float, lateral: float, implausible: str
    ) -> InsertionState:
        """Debounce the evidence; latch the success."""
        held_s = 0.0 if self._since_ns is None else (stamp_ns - self._since_ns) * 1e-9
        debounce_s = (
            self.config.electrical_debounce_s
            if evidence is Evidence.ELECTRICAL
            else self.config.depth_debounce_s
        )
        # Half a tick of slack: stamps are integers, the times are not.
        inserted = evidence is not Evidence.NONE and held_s >= debounce_s - 5e-4
        held = inserted and held_s >= self.config.success_hold_s - 5e-4
        if held and self._decided is Evidence.NONE:
            self._decided = evidence
        return InsertionState(
            stamp_ns=stamp_ns,
            inserted=inserted,
            success=self._decided is not Evidence.NONE,
            evidence=evidence if inserted else self._decided,
            depth_m=depth,
            lateral_error_m=lateral,
            held_s=held_s,
            implausible=implausible,
        )

    def _doubt(self, electrical: bool, depth: float) -> str:
        """Why the pose speaks against a signal that is alive, empty if it does not."""
        if not (electrical and self.task.electrical):
            self._short = False
            return ""
        if not depth >= self.config.electrical_min_depth_m:  # also where it is no number
            self._short = True
            return f"signal alive {-depth * 1e3:.1f} mm above the mouth"
        return "signal alive since above the mouth" if self._short else ""

    def _judge(
        self, connected: bool, lateral: float, depth: float, height: float, force_z: float
    ) -> Evidence:
        if self.task.electrical:
            return Evidence.ELECTRICAL if connected else Evidence.NONE
        if not lateral <= self.task.lateral_tolerance_m:
            return Evidence.NONE
        if height <= self.task.seated_tolerance_m:
            return Evidence.DEPTH
        deep = depth >= self.config.bottoming_depth_share * self.task.insertion_depth_m
        if deep and force_z >= self.config.bottoming_force_n:
            return Evidence.FORCE
        return Evidence.NONE

    def _keep_time(
        self, stamp_ns: int, evidence: Evidence, contact_duration_s: float | None
    ) -> None:
        last_ns = None if self._last is None else self._last.stamp_ns
        broken = last_ns is not None and not (
            0 < stamp_ns - last_ns <= self.config.max_gap_s * 1e9
        )
        if evidence is Evidence.NONE or broken:
            self._since_ns = None
        if evidence is not Evidence.NONE:
            if self._since_ns is None:
                self._since_ns = stamp_ns
            if evidence is Evidence.ELECTRICAL and contact_duration_s is not None:
                self._since_ns = stamp_ns - max(0, round(contact_duration_s * 1e9))

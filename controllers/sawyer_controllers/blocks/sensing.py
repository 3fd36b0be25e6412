"""Success of a block assembly: the carried block is in place, the standing ones still stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sawyer_controllers.sensing import Evidence, InsertionSensor, InsertionState, SensingConfig
from sawyer_core.config import setting, validate
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import Array, SensorFrame

BLOCK_NUMBERS = 5  # x, y, z from home, yaw, tilt


@dataclass(frozen=True)
class BlocksSuccessConfig:
    """When a block assembly counts as done."""

    max_tilt_rad: float = setting(
        0.17453292519943295,
        unit="rad",
        bounds=(0.0, 1.6),
        doc="each standing block is tilted by less",
        source="residual_insertion_daib A.2: 10 degrees",
    )
    max_shift_m: float = setting(
        0.01,
        unit="m",
        bounds=(0.0, 0.1),
        doc="each standing block is less far from its home",
        source="residual_insertion_daib A.2: 10 mm",
    )
    max_distance_m: float = setting(
        0.005,
        unit="m",
        bounds=(0.0, 0.1),
        doc="the carried block is less far from its goal",
        source="residual_insertion_daib A.2: 5 mm",
    )

    def __post_init__(self) -> None:
        validate(self)


def block_rows(object_state: npt.ArrayLike) -> Array:
    """(2, 5) left and right block: position from home (3) m, yaw, tilt rad."""
    rows: Array = np.asarray(object_state, dtype=np.float64).reshape(2, BLOCK_NUMBERS)
    return rows


class BlocksSensor:
    """In the seat of the insertion sensor; the pose of end effector and blocks decides.

    The end effector stands for the carried block: the fingers hold it to within a few tenths of
    a millimetre. Time is what the stamps say: success is the state of A.2 held for
    ``success_hold_s``, and stays until the sensor is reset.
    """

    def __init__(
        self,
        config: SensingConfig,
        task: InsertionTask,
        success: BlocksSuccessConfig | None = None,
    ) -> None:
        self.config = config
        self.task = task
        self.success = BlocksSuccessConfig() if success is None else success
        self.reset()

    def reset(self) -> None:
        """Forget everything, the latched success included."""
        self._since_ns: int | None = None
        self._last: InsertionState | None = None
        self._succeeded = False

    def update_frame(
        self,
        frame: SensorFrame,
        goal_position_m: npt.ArrayLike,
        force_centered_n: npt.ArrayLike,
    ) -> InsertionState:
        """:meth:`update` with what one sensor frame knows; the force plays no part."""
        return self.update(frame.stamp_ns, frame.arm.ee_position_m, goal_position_m, frame.objects)

    def update(
        self,
        stamp_ns: int,
        ee_position_m: npt.ArrayLike,
        goal_position_m: npt.ArrayLike,
        object_state: npt.ArrayLike | None,
    ) -> InsertionState:
        """Take one sample; the same stamp again gives the same answer.

        Args:
            stamp_ns: time of the sample.
            ee_position_m: (3,) measured, frame `base`.
            goal_position_m: (3,) goal, frame `base`.
            object_state: (10,) standing blocks; None where the tracker is silent.
        """
        last = self._last
        if last is not None and stamp_ns == last.stamp_ns:
            return last
        error = np.asarray(ee_position_m, dtype=np.float64) - np.asarray(goal_position_m)
        done = float(np.linalg.norm(error)) < self.success.max_distance_m and self.standing(
            object_state
        )
        gap_ns = 0 if last is None else stamp_ns - last.stamp_ns
        broken = last is not None and not 0 < gap_ns <= self.config.max_gap_s * 1e9
        if not done or broken:
            self._since_ns = None
        if done and self._since_ns is None:
            self._since_ns = stamp_ns
        held_s = 0.0 if self._since_ns is None else (stamp_ns - self._since_ns) * 1e-9
        # Half a tick of slack: stamps are integers, the times are not.
        inserted = done and held_s >= self.config.depth_debounce_s - 5e-4
        if inserted and held_s >= self.config.success_hold_s - 5e-4:
            self._succeeded = True
        seen = inserted or self._succeeded
        self._last = InsertionState(
            stamp_ns=stamp_ns,
            inserted=inserted,
            success=self._succeeded,
            evidence=Evidence.POSE if seen else Evidence.NONE,
            depth_m=float(self.task.mouth_height_m - error[2]),
            lateral_error_m=float(np.hypot(error[0], error[1])),
            held_s=held_s,
        )
        return self._last

    def standing(self, object_state: npt.ArrayLike | None) -> bool:
        """Whether both blocks are upright and at home; False for what is not known."""
        if object_state is None:
            return False
        rows = block_rows(object_state)
        shift = np.linalg.norm(rows[:, :3], axis=1)
        upright = bool((np.abs(rows[:, 4]) < self.success.max_tilt_rad).all())
        return upright and bool((shift < self.success.max_shift_m).all())


def make_sensor(config: SensingConfig, task: InsertionTask) -> InsertionSensor | BlocksSensor:
    """The sensor that says when this task is done."""
    return BlocksSensor(config, task) if task.kind == "blocks" else InsertionSensor(config, task)

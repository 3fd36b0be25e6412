"""The twin: a Sawyer that moves by joint torques only, at 1 kHz, with a plug in its gripper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pybullet

from sawyer_controllers.joint_loop import JointLoop, JointLoopConfig
from sawyer_controllers.kinematics import ArmModel
from sawyer_core.errors import SimulationError
from sawyer_core.limits import load_joint_limits
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import N_JOINTS, ArmState, Array, Image, JointTarget, SensorFrame, Wrench
from sawyer_sim.boards import load_board, load_board_task
from sawyer_sim.camera import Camera
from sawyer_sim.config import TwinConfig
from sawyer_sim.connectors import Connector
from sawyer_sim.draws import EpisodeDraws, draw_twin_episode
from sawyer_sim.grasp import Grasp
from sawyer_sim.mating import MatingForce
from sawyer_sim.model import build_urdf, plug_tip_in_grasp_m
from sawyer_sim.sensors import ElectricalContact, WrenchSensor
from sawyer_sim.world import World

NEUTRAL_RAD = (0.0, -1.18, 0.0, 2.18, 0.0, 0.57, 3.3161)
TICK_NS = 1_000_000
BLOCK_TICKS = 100
HOME_ABOVE_RESET_M = 0.01
_NEAR_M = 0.025  # more than the plug can travel in one block
_LATERAL_M = 0.003  # within this of the socket's axis the plug is in the mouth, not beside it


@dataclass(frozen=True, eq=False)
class PlugState:
    """True pose of the plug; for labels and pictures, never for control.

    Attributes:
        tip_position_m: (3,) middle of the tip, frame `base`.
        quat_xyzw: (4,) orientation, frame `base`.
        depth_m: depth of the tip below the mouth, negative above it.
        lateral_m: (2,) offset of the tip from the socket's axis, x and y.
        slip: (6,) how far the plug has slipped in the fingers, m and rad.
    """

    tip_position_m: Array
    quat_xyzw: Array
    depth_m: float
    lateral_m: Array
    slip: Array


class Twin:
    """One arm, one board: a connector or the block assembly.

    Args:
        connector: name of the board, or a connector made elsewhere.
        config: settings of the twin.
        joint_loop: settings of the 1 kHz joint controller.
        task: insertion task, by default the one of the twin's board.
    """

    def __init__(
        self,
        connector: str | Connector = "usb",
        config: TwinConfig | None = None,
        *,
        joint_loop: JointLoopConfig | None = None,
        task: InsertionTask | None = None,
    ) -> None:
        self.connector = load_board(connector) if isinstance(connector, str) else connector
        self.config = TwinConfig() if config is None else config
        self.task = load_board_task(self.connector.name) if task is None else task
        limits = load_joint_limits()
        handle = self.connector.plug
        self.model = ArmModel(
            limits=limits,
            tool_mass_kg=handle.mass_kg if self.config.tool_mass_known else 0.0,
            tool_com_m=(0.0, 0.0, handle.handle_below_tip_m - 0.5 * handle.handle_size_m[2]),
        )
        loop_config = (joint_loop or JointLoopConfig()).for_task(self.task)
        self.loop = JointLoop(loop_config, limits, model=self.model)
        x, y, z = self.task.goal_position_m
        self.mouth_position_m = (x, y, z - handle.handle_below_tip_m)
        home = self.config.home_height_m
        if home <= self.task.reset_height_m:  # a board whose reset goes higher
            home = self.task.reset_height_m + HOME_ABOVE_RESET_M
        self.home_q_rad: Array = self.model.ik([x, y, z + home], self.task.quat, NEUTRAL_RAD)
        self.home_q_rad.flags.writeable = False
        self._urdf = build_urdf(self.connector, self.task.quat)
        self._tip_z = float(plug_tip_in_grasp_m(self.connector)[2])
        self._camera = Camera(
            self.connector, self.task.quat, self.mouth_position_m, self.config.camera
        )
        self._world: World | None = None
        self.step_engine: Callable[..., None] = pybullet.stepSimulation  # benchmarks time it
        self._time_ns = 0
        self.seed: int | None = None
        self.draws: EpisodeDraws | None = None

    @property
    def time_ns(self) -> int:
        """Simulated time; never goes back, not even between episodes."""
        return self._time_ns

    @property
    def world(self) -> World:
        """The physics world of the present episode."""
        if self._world is None:
            raise SimulationError("prepare_episode must be called first")
        return self._world

    def push_bound_n(self) -> float:
        """F_max, N: the largest push straight down that the law's torque clips allow when seated.

        A property of where the socket is mounted; the driver logs it at start-up.
        """
        task = self.task
        seated = self.model.ik(task.goal_position_m, task.quat, self.home_q_rad)
        return self.model.push_force_bound(
            seated, self.loop.config.torque_limit_n_m, (0.0, 0.0, -1.0)
        )

    def prepare_episode(
        self, seed: int, object_yaw_rad: Sequence[float] | None = None
    ) -> SensorFrame:
        """Start over at home with a fresh plug; draws everything that varies from ``seed``.

        Stands for an operator who hands a plug to the gripper in free space and puts what stands
        loose back to its place. From here on only torques move the arm.

        Args:
            seed: of the draws.
            object_yaw_rad: yaw of each loose body from its home, none where there are none.
        """
        if self._world is not None:
            self._world.close()
            self._time_ns += TICK_NS  # no two states share a stamp
        self.seed = seed
        draws = draw_twin_episode(self.connector, seed)
        self.draws = draws
        self._world = World(
            self._urdf,
            self.connector.fixtures,
            self.mouth_position_m,
            self.config.physics,
        )
        world = self._world
        self._objects = self.connector.stand_objects(world, draws.object_seed, object_yaw_rad)
        world.set_friction(draws.friction)
        world.set_joints([*self.home_q_rad.tolist(), *draws.grasp_error])
        self._arm, self._indices = world.arm, world.indices
        self._grasp = Grasp(self.connector.grasp, draws.grasp_error)
        self._mating = MatingForce(self.connector.mating, draws.mating_scale)
        self._electrical = ElectricalContact(self.connector.contacts)
        self._wrench_sensor = WrenchSensor(self.config.wrench, draws.sensor_rng())
        self._camera.prepare(draws.camera_seed)
        self._start_ns = self._time_ns
        self._row = BLOCK_TICKS
        self._last_depth_m: float | None = None
        self._contact_ticks = 0
        self._torque: list[float] = [0.0] * N_JOINTS
        self._sample: tuple[float, ...] = (0.0,) * 6
        self._peak: tuple[float, ...] = (0.0,) * 6
        self._peak_square = -1.0
        self.loop.start(self.home_q_rad.tolist())
        self.loop.set_force_bias((0.0, 0.0, 0.0))  # another plug, another bias
        self._new_block()
        self._measure()
        return self.frame()

    def advance(self, target: JointTarget | None, ticks: int = BLOCK_TICKS) -> SensorFrame:
        """Take over a joint target (None: none) and pass ``ticks`` milliseconds."""
        if self._world is None:
            raise SimulationError("prepare_episode must be called before advance")
        if target is not None:
            self.loop.set_target(target)
        tick = self.tick
        for _ in range(ticks):
            tick()
        return self.frame()

    def tick(self) -> None:
        """One millisecond: read joints, compute torques, step the physics."""
        if self._row == BLOCK_TICKS:
            self._new_block()
        positions, velocities = self._measure()
        arm_q, arm_dq = positions[:N_JOINTS], velocities[:N_JOINTS]
        sample = self._sample
        torque = self.loop.tick(arm_q, arm_dq, self.model.gravity_list(arm_q), sample[:3])
        client = self._client
        client.setJointMotorControlArray(
            self._arm,
            self._indices,
            pybullet.TORQUE_CONTROL,
            forces=[*torque, *self._grasp.effort],
            physicsClientId=self._client_id,
        )
        if self._near:
            self._mate()
        self.step_engine(physicsClientId=self._client_id)
        self._torque = torque
        self._row += 1
        self._time_ns += TICK_NS

    def _measure(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        states = self._client.getJointStates(
            self._arm, self._indices, physicsClientId=self._client_id
        )
        positions, velocities, _, _ = zip(*states, strict=True)
        fx, fy, fz, tx, ty, tz = self._grasp.update(positions[N_JOINTS:], velocities[N_JOINTS:])
        (a, b, c), (d, e, f), (g, h, i) = self._rotation
        n = self._noise[self._row % BLOCK_TICKS]
        x = n[0] - a * fx - b * fy - c * fz
        y = n[1] - d * fx - e * fy - f * fz
        z = n[2] - g * fx - h * fy - i * fz
        self._sample = (x, y, z, n[3] - tx, n[4] - ty, n[5] - tz)
        square = x * x + y * y + z * z
        if square > self._peak_square:
            self._peak_square = square
            self._peak = self._sample
        return positions, velocities

    def _new_block(self) -> None:
        """What changes slowly is computed once per 100 ticks."""
        world = self.world
        self._client, self._client_id = pybullet, world.client._client
        states = world.client.getJointStates(self._arm, self._indices[:N_JOINTS])
        q = [state[0] for state in states]
        position, quat = self.model.fk(q)
        rotation = rotation_from_quat(quat) @ rotation_from_quat(self.task.quat).T
        self._rotation: list[list[float]] = rotation.tolist()
        bias = self._wrench_sensor.bias(self.model.jacobian(q))
        noise = self._wrench_sensor.noise(BLOCK_TICKS) + bias
        self._noise: list[list[float]] = noise.tolist()
        above_seat = float(position[2]) - self.task.goal_position_m[2]
        self._near = above_seat < self.connector.insertion_depth_m + _NEAR_M
        self._row = 0

    def _mate(self) -> None:
        state = self._client.getLinkState(
            self._arm, self._indices[-1], physicsClientId=self._client_id
        )
        px, py, pz = state[4]
        x, y, z, w = state[5]
        tip = self._tip_z
        tip_x = px + tip * 2.0 * (x * z + w * y)
        tip_y = py + tip * 2.0 * (y * z - w * x)
        tip_z = pz + tip * (1.0 - 2.0 * (x * x + y * y))
        mouth_x, mouth_y, mouth_z = self.mouth_position_m
        depth = mouth_z - tip_z
        if depth <= 0.0 or abs(tip_x - mouth_x) > _LATERAL_M or abs(tip_y - mouth_y) > _LATERAL_M:
            self._last_depth_m = None
            self._contact_ticks = 0
            return
        last = depth if self._last_depth_m is None else self._last_depth_m
        self._last_depth_m = depth
        tick_s = self.config.physics.tick_s
        force = self._mating.update(depth, (depth - last) / tick_s, tick_s)
        if force != 0.0:
            self._client.applyExternalForce(
                self._arm,
                self._indices[-1],
                (0.0, 0.0, force),
                (tip_x, tip_y, tip_z),
                pybullet.WORLD_FRAME,
                physicsClientId=self._client_id,
            )
        alive = False
        if depth > self._electrical.depth_m:
            row = (2.0 * (x * z - w * y), 2.0 * (y * z + w * x))
            alive = self._electrical.overlap_m(-depth, row) > 0.0
        self._contact_ticks = self._contact_ticks + 1 if alive else 0

    def frame(self) -> SensorFrame:
        """What the sensors say now; the force peak counts from the last call."""
        stamp = self._time_ns
        arm = self.arm_state()
        peak = self._peak if self._peak_square >= 0.0 else self._sample
        self._peak_square = -1.0
        return SensorFrame(
            arm=arm,
            wrench=Wrench(stamp, np.array(self._sample[:3]), np.array(self._sample[3:])),
            wrench_peak=Wrench(stamp, np.array(peak[:3]), np.array(peak[3:])),
            electrical_contact=self._contact_ticks > 0,
            contact_duration_s=self._contact_ticks * self.config.physics.tick_s,
            image=self.render_rgb() if self.config.camera.enabled else None,
            objects=None if self._objects is None else self._objects.track(self.tick_index),
        )

    def arm_state(self) -> ArmState:
        """Measured joints and the end effector computed from them."""
        states = self._client.getJointStates(
            self._arm, self._indices[:N_JOINTS], physicsClientId=self._client_id
        )
        return self.model.arm_state(
            self._time_ns,
            [state[0] for state in states],
            [state[1] for state in states],
            self._torque,
        )

    def joint_positions(self) -> list[float]:
        """Arm and grasp joints, rad and m, then poses of loose bodies: what pictures need."""
        states = self.world.client.getJointStates(self._arm, self._indices)
        loose = [] if self._objects is None else self._objects.poses()
        return [*(state[0] for state in states), *loose]

    def plug_state(self) -> PlugState:
        """Ground truth of the plug."""
        state = self.world.client.getLinkState(
            self._arm, self._indices[-1], computeForwardKinematics=1
        )
        rotation = rotation_from_quat(state[5])
        tip = np.array(state[4]) + rotation @ np.array([0.0, 0.0, self._tip_z])
        offset = tip - np.array(self.mouth_position_m)
        slip = np.array(self._grasp.rest) - np.array(self.world_draws.grasp_error)
        return PlugState(tip, np.array(state[5]), -float(offset[2]), offset[:2], slip)

    @property
    def tick_index(self) -> int:
        """Milliseconds since the episode was prepared."""
        return (self._time_ns - self._start_ns) // TICK_NS

    @property
    def world_draws(self) -> EpisodeDraws:
        """What was drawn for the present episode."""
        if self.draws is None:
            raise SimulationError("prepare_episode must be called first")
        return self.draws

    def render_policy_view(self) -> Image:
        """(32, 32) uint8 gray view of plug and socket."""
        return self._camera.policy_view(self.joint_positions(), self.tick_index)

    def render_rgb(self, width_px: int | None = None, height_px: int | None = None) -> Image:
        """(H, W, 3) uint8 image of the same camera."""
        return self._camera.rgb(self.joint_positions(), self.tick_index, width_px, height_px)

    def render_overview(self, width_px: int = 640, height_px: int = 480) -> Image:
        """(H, W, 3) uint8 view of arm, gripper, plug and socket."""
        return self._camera.overview(self.joint_positions(), width_px, height_px)

    def close(self) -> None:
        """Release the engine."""
        if self._world is not None:
            self._world.close()
            self._world = None
        self._camera.close()

    def __enter__(self) -> Twin:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def rotation_from_quat(quat_xyzw: Array | tuple[float, ...]) -> Array:
    """(3, 3) rotation matrix of a quaternion xyzw."""
    return np.array(pybullet.getMatrixFromQuaternion(tuple(quat_xyzw))).reshape(3, 3)

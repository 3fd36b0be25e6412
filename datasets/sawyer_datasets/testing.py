"""Synthetic episodes for tests of readers and reports; public so that other packages use them.

The curves look like an insertion (a descent that slows down, a first touch, friction on the way
in, a rest at the bottom), they are not a simulation of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rosbags.interfaces import Nodetype
from rosbags.typesys.base import normalize_fieldname
from rosbags.typesys.store import Typestore

from sawyer_datasets import synthetic_scene
from sawyer_datasets._files import write_atomic
from sawyer_datasets.bag_settings import TopicSpec
from sawyer_datasets.bag_writer import EpisodeBagWriter
from sawyer_datasets.definitions import complete_definition, full_name, typestore_for
from sawyer_datasets.sessions import EPISODES_NAME, bag_path, episodes_text

PERIOD_S: Final = 0.1
GOAL_M: Final = np.array([0.62, 0.05, 0.12])
MOUTH_M: Final = 0.012  # height of the socket's mouth above the seated goal

# The fields of sawyer_interfaces' messages; a test holds them to the interface files.
INSERTION_STATE: Final = """\
uint8 EVIDENCE_NONE=0
uint8 EVIDENCE_ELECTRICAL=1
uint8 EVIDENCE_DEPTH=2
uint8 EVIDENCE_FORCE=3
uint8 EVIDENCE_POSE=4
std_msgs/Header header
bool inserted
bool success
uint8 evidence
float64 depth_m
float64 lateral_error_m
float64 held_s
string implausible
"""
ELECTRICAL_CONTACT: Final = "std_msgs/Header header\nbool contact\nfloat64 duration_s\n"
EPISODE_SPEC: Final = """\
std_msgs/Header header
uint32 index
string connector
string policy
string base_controller
float64 noise_mm
uint32 horizon
float64 rate_hz
uint64 seed
geometry_msgs/Vector3 goal_offset
geometry_msgs/Point goal_position
uint64 twin_seed
float64 learned_clip
float64 block_yaw_rad
string block_yaw_set
float64[] object_yaw
float64 control_sigma
float64 control_mu
uint64 policy_seed
"""
EPISODE_STEP: Final = """\
std_msgs/Header header
uint32 index
uint32 step
geometry_msgs/Vector3 base_action
geometry_msgs/Vector3 learned_action
geometry_msgs/Vector3 disturbance
geometry_msgs/Vector3 command
bool policy_late
float64 policy_compute_s
float64 policy_round_trip_s
string policy_version
geometry_msgs/Point ee_position
geometry_msgs/Point goal_position
geometry_msgs/Vector3 force
geometry_msgs/Vector3 force_peak
float64 distance_mm
float64[] object_state
sensor_msgs/Image image
builtin_interfaces/Time next_stamp
geometry_msgs/Point next_ee_position
geometry_msgs/Vector3 next_force
float64[] next_object_state
sensor_msgs/Image next_image
string reward_name
float64 reward
bool terminal
bool truncated
"""
EPISODE_RESULT: Final = """\
std_msgs/Header header
uint32 index
string connector
string policy
float64 noise_mm
uint64 seed
bool valid
bool success
string reason
string evidence
uint32 steps
float64 time_s
float64 peak_force_n
float64 final_distance_mm
string reward_name
float64 reward_sum
float64 reward_last
string policy_version
uint32 late_policy_replies
uint32 clipped_commands
uint32 reset_attempts
float64 robot_s
float64 wall_s
float64 steps_wall_s
uint16 error_code
string error_msg
"""

TOPICS: Final[dict[str, TopicSpec]] = {
    "/joint_states": TopicSpec("sensor_msgs/msg/JointState"),
    "/ee_pose": TopicSpec("geometry_msgs/msg/PoseStamped"),
    "/wrench": TopicSpec("geometry_msgs/msg/WrenchStamped"),
    "/wrench_centered": TopicSpec("geometry_msgs/msg/WrenchStamped"),
    "/wrench_peak": TopicSpec("geometry_msgs/msg/WrenchStamped"),
    "/electrical_contact": TopicSpec(
        "sawyer_interfaces/msg/ElectricalContact", ELECTRICAL_CONTACT
    ),
    "/insertion_state": TopicSpec("sawyer_interfaces/msg/InsertionState", INSERTION_STATE),
    "/camera/image_raw": TopicSpec("sensor_msgs/msg/Image"),
    "/camera/image_policy": TopicSpec("sensor_msgs/msg/Image"),
    "/overview/image_raw": TopicSpec("sensor_msgs/msg/Image"),
    "/episode/spec": TopicSpec("sawyer_interfaces/msg/EpisodeSpec", EPISODE_SPEC),
    "/episode/step": TopicSpec("sawyer_interfaces/msg/EpisodeStep", EPISODE_STEP),
    "/episode/result": TopicSpec("sawyer_interfaces/msg/EpisodeResult", EPISODE_RESULT),
}


@dataclass(frozen=True)
class SyntheticEpisode:
    """What to make up."""

    index: int = 0
    seed: int = 0
    connector: str = "usb"
    policy: str = "p_controller"
    noise_mm: float = 1.0
    success: bool = True
    max_steps: int = 50
    image_size: tuple[int, int] = (320, 240)


def encode(msgtype: str, values: Mapping[str, Any], definition: str = "") -> bytes:
    """Return the CDR of a message given as nested mappings; what is left out is zero."""
    name = full_name(msgtype)
    store = typestore_for(name, complete_definition(name, definition))
    return bytes(store.serialize_cdr(_build(store, name, values), name))


def _build(store: Typestore, typename: str, values: Mapping[str, Any]) -> object:
    unknown = set(values) - {name for name, _ in store.fielddefs[typename][1]}
    if unknown:
        raise KeyError(f"{typename} has no field {sorted(unknown)[0]!r}")
    fields: dict[str, Any] = {}
    for name, (kind, detail) in store.fielddefs[typename][1]:
        given = values.get(name)
        if kind == Nodetype.NAME:
            made: Any = _build(store, str(detail), given or {})
        elif kind == Nodetype.BASE:
            made = given if given is not None else ("" if detail[0] == "string" else 0)
        else:
            base = str(detail[0][1][0])
            if base == "string":
                made = list(given or [])
            else:
                made = np.asarray([] if given is None else given, dtype=base)
        fields[normalize_fieldname(name)] = made
    return store.types[typename](**fields)


def stamp(stamp_ns: int) -> dict[str, Any]:
    """Return a header with that time, in frame `base`."""
    seconds, rest = divmod(stamp_ns, 1_000_000_000)
    return {"stamp": {"sec": seconds, "nanosec": rest}, "frame_id": "base"}


def xyz(vector: NDArray[np.float64]) -> dict[str, float]:
    """Return a vector as a message mapping."""
    return {"x": float(vector[0]), "y": float(vector[1]), "z": float(vector[2])}


def image(stamp_ns: int, pixels: NDArray[np.uint8]) -> dict[str, Any]:
    """Return an image message mapping for (H, W) or (H, W, 3) pixels."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    return {
        "header": stamp(stamp_ns),
        "height": pixels.shape[0],
        "width": pixels.shape[1],
        "encoding": "mono8" if channels == 1 else "rgb8",
        "step": pixels.shape[1] * channels,
        "data": pixels.ravel(),
    }


def write_episode(path: str | Path, spec: SyntheticEpisode | None = None) -> dict[str, Any]:
    """Write the bag of a synthetic episode; return its row of episodes.json."""
    given = spec or SyntheticEpisode()
    trace = _Trace(given)
    with EpisodeBagWriter(path, TOPICS) as writer:

        def write(topic: str, stamp_ns: int, values: Mapping[str, Any]) -> None:
            what = TOPICS[topic]
            writer.write(topic, stamp_ns, encode(what.msgtype, values, what.definition))

        first = trace.stamp_ns(0)
        write("/episode/spec", first, trace.spec_message())
        for step in range(trace.steps):
            _write_step(write, trace, step)
        write("/episode/result", trace.stamp_ns(trace.steps), trace.result_message())
    return trace.row()


def write_session(output: str | Path, episodes: int = 3, **changes: Any) -> list[dict[str, Any]]:
    """Write bags and episodes.json of a whole session; the last episode of several fails."""
    folder = Path(output)
    rows = []
    for index in range(episodes):
        success = index < max(1, episodes - 1)
        spec = SyntheticEpisode(index=index, seed=7 + index, success=success, **changes)
        rows.append(write_episode(bag_path(folder, index), spec))
    write_atomic(folder / EPISODES_NAME, episodes_text(rows))
    return rows


class _Trace:
    """The made-up curves of one episode."""

    def __init__(self, spec: SyntheticEpisode) -> None:
        self.spec = spec
        rng = np.random.default_rng(spec.seed)
        self.offset_m = np.zeros(3)
        self.offset_m[:2] = rng.uniform(-1.0, 1.0, 2) * spec.noise_mm * 1e-3
        steps = np.arange(spec.max_steps + 1)
        floor_m = 0.0 if spec.success else MOUTH_M + 0.0004
        self.height_m = np.maximum(0.05 * 0.82**steps, floor_m)
        if spec.success:
            self.height_m[self.height_m < 0.0006] = 0.0002
        lateral = self.offset_m[:2] * np.exp(-np.maximum(0, steps - 6) / 4)[:, None]
        self.position_m = np.column_stack([GOAL_M[:2] + lateral, GOAL_M[2] + self.height_m])
        touching = self.height_m < MOUTH_M + 0.001
        push = np.where(
            touching, 6.0 + 4.0 * (MOUTH_M - np.minimum(self.height_m, MOUTH_M)) / MOUTH_M, 0.0
        )
        self.force_n = rng.normal(0.0, 0.15, (len(steps), 3))
        self.force_n[:, 2] += push + 7.0 * np.diff(touching, prepend=False)
        self.force_n[:, 0] += np.where(touching, 1.5, 0.0)
        self.contact = self.height_m < 0.003
        held = np.cumsum(self.contact) * PERIOD_S
        done = np.flatnonzero(held >= 0.5)
        self.held_s = held
        self.steps = int(done[0]) + 1 if len(done) else spec.max_steps
        self.noise = rng

    def stamp_ns(self, step: int) -> int:
        return 2_000_000_000 + step * round(PERIOD_S * 1e9)

    def spec_message(self) -> dict[str, Any]:
        spec = self.spec
        return {
            "header": stamp(self.stamp_ns(0)),
            "index": spec.index,
            "connector": spec.connector,
            "policy": spec.policy,
            "noise_mm": spec.noise_mm,
            "horizon": spec.max_steps,
            "rate_hz": 1 / PERIOD_S,
            "seed": spec.seed,
            "goal_offset": xyz(self.offset_m),
            "goal_position": xyz(GOAL_M + self.offset_m),
        }

    def row(self) -> dict[str, Any]:
        last = self.steps - 1
        return {
            "seed": self.spec.seed,
            "connector": self.spec.connector,
            "policy": self.spec.policy,
            "noise_mm": self.spec.noise_mm,
            "success": bool(self.held_s[last] >= 0.5),
            "steps": self.steps,
            "time_s": self.steps * PERIOD_S,
            "final_distance_mm": float(np.linalg.norm(self.position_m[last] - GOAL_M) * 1e3),
            "peak_force_n": float(np.abs(self.force_n[: self.steps, 2]).max() * 1.2),
            "reason": "success" if self.held_s[last] >= 0.5 else "horizon",
        }

    def result_message(self) -> dict[str, Any]:
        return {"header": stamp(self.stamp_ns(self.steps)), "index": self.spec.index, **self.row()}


def _write_step(
    write: Callable[[str, int, Mapping[str, Any]], None], trace: _Trace, step: int
) -> None:
    now = trace.stamp_ns(step)
    head = {"header": stamp(now)}
    position = trace.position_m[step]
    height = float(trace.height_m[step])
    force = trace.force_n[step]
    lateral = float(np.linalg.norm(position[:2] - GOAL_M[:2]))
    joints = np.linspace(-1.0, 1.0, 7) * (1 - height)
    write(
        "/joint_states",
        now,
        {
            **head,
            "name": [f"right_j{i}" for i in range(7)],
            "position": joints,
            "velocity": np.zeros(7),
            "effort": np.zeros(7),
        },
    )
    write("/ee_pose", now, {**head, "pose": {"position": xyz(position)}})
    bias = np.array([0.4, -0.8, 3.1])
    for topic, vector in (
        ("/wrench", force + bias),
        ("/wrench_centered", force),
        ("/wrench_peak", force * 1.2 + bias),
    ):
        write(topic, now, {**head, "wrench": {"force": xyz(vector)}})
    contact = bool(trace.contact[step])
    held = float(trace.held_s[step])
    write("/electrical_contact", now, {**head, "contact": contact, "duration_s": held})
    state = {"inserted": held >= 0.2, "success": held >= 0.5, "evidence": int(contact)}
    depth = {"depth_m": MOUTH_M - height, "lateral_error_m": lateral, "held_s": held}
    write("/insertion_state", now, {**head, **state, **depth})
    plain = np.zeros(3)
    plain[2] = -0.3 * height
    distance_mm = float(np.linalg.norm(position - GOAL_M) * 1e3)
    action = {"base_action": xyz(plain), "command": xyz(plain), "distance_mm": distance_mm}
    write("/episode/step", now, {**head, "index": trace.spec.index, "step": step, **action})
    side = float(position[0] - GOAL_M[0])
    for topic, pixels in (
        ("/camera/image_raw", synthetic_scene.close_up(height, side, 96, trace.noise)),
        ("/camera/image_policy", synthetic_scene.policy_view(height, side, trace.noise)),
        ("/overview/image_raw", synthetic_scene.overview(height, side, trace.spec.image_size)),
    ):
        write(topic, now, image(now, pixels))

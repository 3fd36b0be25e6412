"""Quality of service profiles."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

from rclpy.duration import Duration

from embedded_dds import qos as dds_qos

if TYPE_CHECKING:
    from collections.abc import Callable

_DURATION_INFINITE_NS = 2**63 - 1


class QoSPolicyEnum(IntEnum):
    """Base of the policy enums; short keys are the names in lower case."""

    @classmethod
    def short_keys(cls) -> list[str]:
        """Return the policy values as lower case texts."""
        return [entry.name.lower() for entry in cls]

    @classmethod
    def get_from_short_key(cls, name: str) -> QoSPolicyEnum:
        """Return the value for a short key."""
        return cls[name.upper()]

    @property
    def short_key(self) -> str:
        """Return the short key."""
        return self.name.lower()


class HistoryPolicy(QoSPolicyEnum):
    """Which samples are kept."""

    SYSTEM_DEFAULT = 0
    KEEP_LAST = 1
    KEEP_ALL = 2
    UNKNOWN = 3


class ReliabilityPolicy(QoSPolicyEnum):
    """Whether lost samples are sent again."""

    SYSTEM_DEFAULT = 0
    RELIABLE = 1
    BEST_EFFORT = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class DurabilityPolicy(QoSPolicyEnum):
    """Whether late subscriptions get earlier samples."""

    SYSTEM_DEFAULT = 0
    TRANSIENT_LOCAL = 1
    VOLATILE = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class LivelinessPolicy(QoSPolicyEnum):
    """Who asserts that a publisher is alive."""

    SYSTEM_DEFAULT = 0
    AUTOMATIC = 1
    MANUAL_BY_TOPIC = 3
    UNKNOWN = 4
    BEST_AVAILABLE = 5


QoSHistoryPolicy = HistoryPolicy
QoSReliabilityPolicy = ReliabilityPolicy
QoSDurabilityPolicy = DurabilityPolicy
QoSLivelinessPolicy = LivelinessPolicy


class InvalidQoSProfileException(Exception):
    """A profile lacks a policy that it needs."""

    def __init__(self, *args: Any) -> None:
        super().__init__("Invalid QoSProfile", *args)


_DEFAULTS: dict[str, Any] = {
    "history": HistoryPolicy.KEEP_LAST,
    "depth": 0,
    "reliability": ReliabilityPolicy.RELIABLE,
    "durability": DurabilityPolicy.VOLATILE,
    "lifespan": Duration(),
    "deadline": Duration(),
    "liveliness": LivelinessPolicy.SYSTEM_DEFAULT,
    "liveliness_lease_duration": Duration(),
    "avoid_ros_namespace_conventions": False,
}


class QoSProfile:
    """Quality of service of a publisher, subscription, client or service."""

    history: HistoryPolicy
    depth: int
    reliability: ReliabilityPolicy
    durability: DurabilityPolicy
    lifespan: Duration
    deadline: Duration
    liveliness: LivelinessPolicy
    liveliness_lease_duration: Duration
    avoid_ros_namespace_conventions: bool

    __slots__ = (
        "_avoid_ros_namespace_conventions",
        "_deadline",
        "_depth",
        "_durability",
        "_history",
        "_lifespan",
        "_liveliness",
        "_liveliness_lease_duration",
        "_reliability",
    )

    def __init__(self, **kwargs: Any) -> None:
        """Make a profile from any of the policies; ``history`` or ``depth`` is needed."""
        allowed = tuple(slot[1:] for slot in self.__slots__)
        unknown = [name for name in kwargs if name not in allowed]
        if unknown:
            raise AssertionError(
                f"Invalid arguments passed to constructor: {', '.join(unknown)}; "
                f"there is {', '.join(allowed)}"
            )
        if "history" not in kwargs:
            if "depth" not in kwargs:
                raise InvalidQoSProfileException("History and/or depth settings are required.")
            kwargs["history"] = HistoryPolicy.KEEP_LAST
        if kwargs["history"] == HistoryPolicy.KEEP_LAST and "depth" not in kwargs:
            raise InvalidQoSProfileException("History set to KEEP_LAST without a depth setting.")
        for name, default in _DEFAULTS.items():
            setattr(self, name, kwargs.get(name, default))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QoSProfile):
            return False
        return all(getattr(self, slot) == getattr(other, slot) for slot in QoSProfile.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        policies = ", ".join(f"{s[1:]}={getattr(self, s)}" for s in QoSProfile.__slots__)
        return f"{type(self).__name__}({policies})"

    __repr__ = __str__


def _policy(name: str, convert: Callable[[Any], Any]) -> property:
    slot = f"_{name}"

    def get(self: QoSProfile) -> Any:
        return getattr(self, slot)

    def assign(self: QoSProfile, value: Any) -> None:
        setattr(self, slot, convert(value))

    return property(get, assign, doc=f"The {name.replace('_', ' ')} policy.")


def _enum(kind: type[QoSPolicyEnum]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if not isinstance(value, (kind, int)):
            raise AssertionError(f"{value!r} is not a {kind.__name__}")
        return kind(value)

    return convert


def _depth(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"the depth must be an int of 0 or more, not {value!r}")
    return value


def _duration(value: Any) -> Duration:
    if not isinstance(value, Duration):
        raise AssertionError(f"{value!r} is not a Duration")
    return value


for _name, _convert in {
    "history": _enum(HistoryPolicy),
    "depth": _depth,
    "reliability": _enum(ReliabilityPolicy),
    "durability": _enum(DurabilityPolicy),
    "lifespan": _duration,
    "deadline": _duration,
    "liveliness": _enum(LivelinessPolicy),
    "liveliness_lease_duration": _duration,
    "avoid_ros_namespace_conventions": bool,
}.items():
    setattr(QoSProfile, _name, _policy(_name, _convert))


def as_profile(value: QoSProfile | int) -> QoSProfile:
    """Return a profile; a number is the depth of a reliable volatile one."""
    if isinstance(value, QoSProfile):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise ValueError(f"the depth must be 0 or more, not {value}")
        return QoSProfile(depth=value)
    raise TypeError(f"Expected QoSProfile or int, but received {type(value)!r}")


def _span_ns(duration: Duration) -> int:
    nanoseconds = int(duration.nanoseconds)
    return nanoseconds if 0 < nanoseconds < _DURATION_INFINITE_NS else dds_qos.INFINITE


def to_dds(profile: Any) -> dds_qos.EndpointQos:
    """Return the plain values for the DDS layer."""
    keep_all = profile.history == HistoryPolicy.KEEP_ALL
    manual = profile.liveliness == LivelinessPolicy.MANUAL_BY_TOPIC
    return dds_qos.EndpointQos(
        reliability=int(profile.reliability != ReliabilityPolicy.BEST_EFFORT),
        durability=int(profile.durability == DurabilityPolicy.TRANSIENT_LOCAL),
        history=dds_qos.KEEP_ALL if keep_all else dds_qos.KEEP_LAST,
        depth=max(1, profile.depth),
        deadline_ns=_span_ns(profile.deadline),
        lifespan_ns=_span_ns(profile.lifespan),
        liveliness=dds_qos.MANUAL_BY_TOPIC if manual else dds_qos.AUTOMATIC,
        lease_ns=_span_ns(profile.liveliness_lease_duration),
    )


def from_dds(qos: dds_qos.EndpointQos) -> QoSProfile:
    """Return the profile of a discovered endpoint."""

    def span(nanoseconds: int) -> Duration:
        return Duration(nanoseconds=min(nanoseconds, _DURATION_INFINITE_NS))

    keep_all = qos.history == dds_qos.KEEP_ALL
    transient = qos.durability == dds_qos.TRANSIENT_LOCAL
    manual = qos.liveliness == dds_qos.MANUAL_BY_TOPIC
    return QoSProfile(
        history=HistoryPolicy.KEEP_ALL if keep_all else HistoryPolicy.KEEP_LAST,
        depth=max(0, qos.depth),
        reliability=ReliabilityPolicy(1 if qos.reliability == dds_qos.RELIABLE else 2),
        durability=DurabilityPolicy(1 if transient else 2),
        lifespan=span(qos.lifespan_ns),
        deadline=span(qos.deadline_ns),
        liveliness=LivelinessPolicy(3 if manual else 1),
        liveliness_lease_duration=span(qos.lease_ns),
    )


qos_profile_default = QoSProfile(depth=10)
qos_profile_system_default = QoSProfile(
    history=HistoryPolicy.SYSTEM_DEFAULT,
    reliability=ReliabilityPolicy.SYSTEM_DEFAULT,
    durability=DurabilityPolicy.SYSTEM_DEFAULT,
)
qos_profile_sensor_data = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
qos_profile_services_default = QoSProfile(depth=10)
qos_profile_parameters = QoSProfile(depth=1000)
qos_profile_parameter_events = QoSProfile(depth=1000)
qos_profile_unknown = QoSProfile(
    history=HistoryPolicy.UNKNOWN,
    reliability=ReliabilityPolicy.UNKNOWN,
    durability=DurabilityPolicy.UNKNOWN,
)
qos_profile_action_status_default = QoSProfile(
    depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
qos_profile_rosout_default = QoSProfile(
    depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL, lifespan=Duration(seconds=10)
)
qos_profile_best_available = QoSProfile(
    depth=10,
    reliability=ReliabilityPolicy.BEST_AVAILABLE,
    durability=DurabilityPolicy.BEST_AVAILABLE,
    liveliness=LivelinessPolicy.BEST_AVAILABLE,
)
_rcl_qos_profile_default = qos_profile_default


class QoSPresetProfiles(Enum):
    """The preset profiles by name."""

    UNKNOWN = qos_profile_unknown
    DEFAULT = qos_profile_default
    SYSTEM_DEFAULT = qos_profile_system_default
    SENSOR_DATA = qos_profile_sensor_data
    SERVICES_DEFAULT = qos_profile_services_default
    PARAMETERS = qos_profile_parameters
    PARAMETER_EVENTS = qos_profile_parameter_events
    ACTION_STATUS_DEFAULT = qos_profile_action_status_default
    BEST_AVAILABLE = qos_profile_best_available

    @classmethod
    def short_keys(cls) -> list[str]:
        """Return the names of the presets in lower case."""
        return [name.lower() for name in cls.__members__]

    @classmethod
    def get_from_short_key(cls, name: str) -> QoSProfile:
        """Return a preset by its name in lower case."""
        profile: QoSProfile = cls[name.upper()].value
        return profile


class QoSCompatibility(IntEnum):
    """Whether a publisher and a subscription match."""

    OK = 0
    WARNING = 1
    ERROR = 2


def qos_check_compatible(
    publisher_qos: QoSProfile, subscription_qos: QoSProfile
) -> tuple[QoSCompatibility, str]:
    """Say whether a publisher offers what a subscription requests, and why not."""
    offered, requested = to_dds(publisher_qos), to_dds(subscription_qos)
    reasons = [
        f"ERROR: {text};"
        for is_bad, text in (
            (
                requested.reliability > offered.reliability,
                "Best effort publisher and reliable subscription",
            ),
            (
                requested.durability > offered.durability,
                "Volatile publisher and transient local subscription",
            ),
            (
                requested.deadline_ns < offered.deadline_ns,
                "Subscription has a deadline shorter than the publisher's",
            ),
            (
                requested.liveliness > offered.liveliness,
                "Publisher's liveliness is automatic and subscription's is manual by topic",
            ),
            (
                requested.lease_ns < offered.lease_ns,
                "Subscription's liveliness lease duration is shorter than the publisher's",
            ),
        )
        if is_bad
    ]
    kind = QoSCompatibility.ERROR if reasons else QoSCompatibility.OK
    return kind, " ".join(reasons)

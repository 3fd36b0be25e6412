"""IDL types of the foreign DDS process, written down by hand from the wire's description."""

# no "from __future__ import annotations": cyclonedds reads the annotations of IDL types
from dataclasses import dataclass, field

from cyclonedds.idl import IdlStruct
from cyclonedds.idl.types import (
    array,
    bounded_str,
    float64,
    int8,
    int32,
    int64,
    sequence,
    uint8,
    uint32,
    uint64,
)


@dataclass
class Time(IdlStruct, typename="builtin_interfaces::msg::dds_::Time_"):
    sec: int32 = 0
    nanosec: uint32 = 0


@dataclass
class Header(IdlStruct, typename="std_msgs::msg::dds_::Header_"):
    stamp: Time = field(default_factory=Time)
    frame_id: str = ""


@dataclass
class String(IdlStruct, typename="std_msgs::msg::dds_::String_"):
    data: str = ""


@dataclass
class JointState(IdlStruct, typename="sensor_msgs::msg::dds_::JointState_"):
    header: Header
    name: sequence[str]
    position: sequence[float64]
    velocity: sequence[float64]
    effort: sequence[float64]


@dataclass
class AddRequest(IdlStruct, typename="example_interfaces::srv::dds_::AddTwoInts_Request_"):
    guid: uint64
    seq: int64
    a: int64
    b: int64


@dataclass
class AddResponse(IdlStruct, typename="example_interfaces::srv::dds_::AddTwoInts_Response_"):
    guid: uint64
    seq: int64
    sum: int64


@dataclass
class Uuid(IdlStruct, typename="unique_identifier_msgs::msg::dds_::UUID_"):
    uuid: array[uint8, 16]


@dataclass
class Goal(IdlStruct, typename="example_interfaces::action::dds_::Fibonacci_Goal_"):
    order: int32


@dataclass
class Sequence(IdlStruct, typename="example_interfaces::action::dds_::Fibonacci_Result_"):
    sequence: sequence[int32]


@dataclass
class Progress(IdlStruct, typename="example_interfaces::action::dds_::Fibonacci_Feedback_"):
    sequence: sequence[int32]


_F = "example_interfaces::action::dds_::Fibonacci"


@dataclass
class SendGoalRequest(IdlStruct, typename=f"{_F}_SendGoal_Request_"):
    guid: uint64
    seq: int64
    goal_id: Uuid
    goal: Goal


@dataclass
class SendGoalResponse(IdlStruct, typename=f"{_F}_SendGoal_Response_"):
    guid: uint64
    seq: int64
    accepted: bool
    stamp: Time


@dataclass
class GetResultRequest(IdlStruct, typename=f"{_F}_GetResult_Request_"):
    guid: uint64
    seq: int64
    goal_id: Uuid


@dataclass
class GetResultResponse(IdlStruct, typename=f"{_F}_GetResult_Response_"):
    guid: uint64
    seq: int64
    status: int8
    result: Sequence


@dataclass
class FeedbackMessage(IdlStruct, typename=f"{_F}_FeedbackMessage_"):
    goal_id: Uuid
    feedback: Progress


@dataclass
class GoalInfo(IdlStruct, typename="action_msgs::msg::dds_::GoalInfo_"):
    goal_id: Uuid
    stamp: Time


@dataclass
class GoalStatus(IdlStruct, typename="action_msgs::msg::dds_::GoalStatus_"):
    goal_info: GoalInfo
    status: int8


@dataclass
class GoalStatusArray(IdlStruct, typename="action_msgs::msg::dds_::GoalStatusArray_"):
    status_list: sequence[GoalStatus]


@dataclass
class CancelRequest(IdlStruct, typename="action_msgs::srv::dds_::CancelGoal_Request_"):
    guid: uint64
    seq: int64
    goal_info: GoalInfo


@dataclass
class CancelResponse(IdlStruct, typename="action_msgs::srv::dds_::CancelGoal_Response_"):
    guid: uint64
    seq: int64
    return_code: int8
    goals_canceling: sequence[GoalInfo]


@dataclass
class Gid(IdlStruct, typename="rmw_dds_common::msg::dds_::Gid_"):
    data: array[uint8, 16]


@dataclass
class NodeInfo(IdlStruct, typename="rmw_dds_common::msg::dds_::NodeEntitiesInfo_"):
    node_namespace: bounded_str[256]
    node_name: bounded_str[256]
    reader_gid_seq: sequence[Gid]
    writer_gid_seq: sequence[Gid]


@dataclass
class ParticipantInfo(IdlStruct, typename="rmw_dds_common::msg::dds_::ParticipantEntitiesInfo_"):
    gid: Gid
    node_entities_info_seq: sequence[NodeInfo]

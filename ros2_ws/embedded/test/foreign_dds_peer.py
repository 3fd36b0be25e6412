"""A foreign DDS process: plain cyclonedds-python, its own IDL types, none of our code.

Run as ``python foreign_dds_peer.py ROLE DOMAIN``; prints one line per event.
"""

import os
import sys
import time

os.environ["CYCLONEDDS_URI"] = (
    '<CycloneDDS><Domain id="any"><General><Interfaces><NetworkInterface name="lo"/></Interfaces>'
    "<AllowMulticast>false</AllowMulticast></General><Discovery>"
    "<ParticipantIndex>auto</ParticipantIndex>"
    "<MaxAutoParticipantIndex>32</MaxAutoParticipantIndex>"
    '<Peers><Peer address="localhost"/></Peers></Discovery></Domain></CycloneDDS>'
)

from cyclonedds._clayer import ddspy_write
from cyclonedds.core import Policy, Qos
from cyclonedds.domain import DomainParticipant
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration
from foreign_dds_types import (
    AddRequest,
    AddResponse,
    CancelRequest,
    CancelResponse,
    FeedbackMessage,
    GetResultRequest,
    GetResultResponse,
    Gid,
    Goal,
    GoalInfo,
    GoalStatus,
    GoalStatusArray,
    JointState,
    NodeInfo,
    ParticipantInfo,
    Progress,
    SendGoalRequest,
    SendGoalResponse,
    Sequence,
    String,
    Time,
    Uuid,
)

RELIABLE = Policy.Reliability.Reliable(duration(infinite=True))
VOLATILE = Qos(RELIABLE, Policy.History.KeepLast(10), Policy.Durability.Volatile)
LATCHED = Qos(
    RELIABLE,
    Policy.History.KeepLast(1),
    Policy.Durability.TransientLocal,
    Policy.DurabilityService(0, Policy.History.KeepLast(1), -1, -1, -1),
)


def say(*words):
    print(*words, flush=True)


def poll(reader, timeout_s=10.0):
    """Wait for one sample."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        for sample in reader.take(1):
            if sample.sample_info.valid_data:
                return sample
        time.sleep(0.002)
    raise SystemExit(f"nothing came on {reader.topic.name}")


def matched(*endpoints, timeout_s=10.0):
    """Wait until every endpoint has a peer."""
    end = time.monotonic() + timeout_s
    for endpoint in endpoints:
        while not (
            endpoint.get_matched_subscriptions()
            if isinstance(endpoint, DataWriter)
            else endpoint.get_matched_publications()
        ):
            if time.monotonic() > end:
                raise SystemExit(f"no peer on {endpoint.topic.name}")
            time.sleep(0.002)


class Peer:
    """One participant with shorthands for endpoints."""

    def __init__(self, domain):
        self.participant = DomainParticipant(domain)
        self.count = 0

    def writer(self, topic, kind, qos=VOLATILE):
        return DataWriter(self.participant, Topic(self.participant, topic, kind), qos=qos)

    def reader(self, topic, kind, qos=VOLATILE):
        return DataReader(self.participant, Topic(self.participant, topic, kind), qos=qos)

    def client(self, name, request, response):
        return (
            self.reader(f"rr{name}Reply", response),
            self.writer(f"rq{name}Request", request),
        )

    def server(self, name, request, response):
        return (
            self.reader(f"rq{name}Request", request),
            self.writer(f"rr{name}Reply", response),
        )

    def call(self, client, request, *fields, guid=0x1234567890ABCDEF):
        """Call a service the way genuine clients do: filter on guid and number."""
        reader, writer = client
        self.count += 1
        writer.write(request(guid, self.count, *fields))
        while True:
            reply = poll(reader)
            if (reply.guid, reply.seq) == (guid, self.count):
                return reply


def echo(peer):
    """Send strings and joint states back."""
    strings = peer.reader("rt/to_foreign", String), peer.writer("rt/from_foreign", String)
    joints = peer.reader("rt/joints_to", JointState), peer.writer("rt/joints_from", JointState)
    matched(*strings, *joints)
    say("matched")
    text = poll(strings[0])
    say("string", text.data)
    strings[1].write(String("back: " + text.data))
    state = poll(joints[0])
    say("joints", ",".join(state.name), state.position[0], state.header.frame_id)
    state.position[0] += 1.0
    joints[1].write(state)
    time.sleep(1.0)


def add_server(peer):
    """Serve AddTwoInts."""
    reader, writer = peer.server("/foreign_add", AddRequest, AddResponse)
    say("ready")
    for _ in range(2):
        request = poll(reader, 15.0)
        writer.write(AddResponse(request.guid + 1, request.seq, -1))  # another client's reply
        writer.write(AddResponse(request.guid, request.seq, request.a + request.b))
    time.sleep(1.0)


def add_client(peer):
    """Call AddTwoInts of ours."""
    client = peer.client("/our_add", AddRequest, AddResponse)
    matched(*client)
    for a in (40, 50):
        say("sum", peer.call(client, AddRequest, a, 2).sum)


def fibonacci(order):
    values = [0, 1]
    while len(values) <= order:
        values.append(values[-1] + values[-2])
    return values


def action_server(peer):
    """Serve one Fibonacci goal."""
    base = "/foreign_fib/_action"
    goals = peer.server(f"{base}/send_goal", SendGoalRequest, SendGoalResponse)
    results = peer.server(f"{base}/get_result", GetResultRequest, GetResultResponse)
    cancels = peer.server(f"{base}/cancel_goal", CancelRequest, CancelResponse)
    feedback = peer.writer(f"rt{base}/feedback", FeedbackMessage)
    status = peer.writer(f"rt{base}/status", GoalStatusArray, LATCHED)
    say("ready")
    goal = poll(goals[0], 15.0)
    goals[1].write(SendGoalResponse(goal.guid, goal.seq, True, Time(1, 2)))
    info = GoalInfo(goal.goal_id, Time(1, 2))
    status.write(GoalStatusArray([GoalStatus(info, 2)]))
    ask = poll(results[0])
    for order in range(2, goal.goal.order + 1):
        feedback.write(FeedbackMessage(goal.goal_id, Progress(fibonacci(order))))
    status.write(GoalStatusArray([GoalStatus(info, 4)]))
    time.sleep(0.3)  # let the feedback be handled before the result
    answer = Sequence(fibonacci(goal.goal.order))
    results[1].write(GetResultResponse(ask.guid, ask.seq, 4, answer))
    say("done", len(cancels))
    time.sleep(1.0)


def action_client(peer):
    """Send a goal to our Fibonacci server."""
    base = "/our_fib/_action"
    goals = peer.client(f"{base}/send_goal", SendGoalRequest, SendGoalResponse)
    results = peer.client(f"{base}/get_result", GetResultRequest, GetResultResponse)
    feedback = peer.reader(f"rt{base}/feedback", FeedbackMessage)
    status = peer.reader(f"rt{base}/status", GoalStatusArray, LATCHED)
    matched(*goals, *results, feedback, status)
    goal_id = Uuid(list(range(16)))
    reply = peer.call(goals, SendGoalRequest, goal_id, Goal(5))
    say("accepted", reply.accepted)
    result = peer.call(results, GetResultRequest, goal_id)
    say("result", result.status, list(result.result.sequence))
    first = poll(feedback)
    is_ours = list(first.goal_id.uuid) == list(range(16))
    say("feedback", is_ours, list(first.feedback.sequence))
    last = poll(status).status_list[-1]
    say("status", last.status, list(last.goal_info.goal_id.uuid) == list(range(16)))


def graph(peer):
    """Announce a node and report the one of ours."""
    latched_all = Qos(RELIABLE, Policy.History.KeepAll, Policy.Durability.TransientLocal)
    writer = peer.writer("ros_discovery_info", ParticipantInfo, LATCHED)
    reader = peer.reader("ros_discovery_info", ParticipantInfo, latched_all)
    talker = peer.writer("rt/foreign_topic", String)

    def gid(entity):
        return Gid(list(entity.guid.bytes))

    node = NodeInfo("/abroad", "stranger", [], [gid(talker)])
    writer.write(ParticipantInfo(gid(peer.participant), [node]))
    say("announced")
    end = time.monotonic() + 15.0
    while time.monotonic() < end:
        for sample in reader.take(10):
            for info in sample.node_entities_info_seq:
                if info.node_name == "native":
                    guids = [bytes(entry.data).hex() for entry in info.writer_gid_seq]
                    say("node", info.node_namespace, len(info.reader_gid_seq), *guids)
        time.sleep(0.01)


def garbage(peer):
    """Write a string that is not UTF-8 between two good ones."""
    writer = peer.writer("rt/from_foreign", String)
    matched(writer)
    writer.write(String("before"))
    ddspy_write(writer._ref, b"\0\1\0\0\4\0\0\0\xff\xfe\xfd\0")
    writer.write(String("after"))
    say("sent")
    time.sleep(1.0)


def latched(peer):
    """Keep a string for late readers, and be a late reader."""
    writer = peer.writer("rt/foreign_latched", String, LATCHED)
    writer.write(String("kept abroad"))
    say("got", poll(peer.reader("rt/our_latched", String, LATCHED)).data)
    time.sleep(5.0)


def hold(peer):
    """Publish until killed."""
    writer = peer.writer("rt/from_foreign", String)
    matched(writer)
    for number in range(100000):
        writer.write(String(str(number)))
        say("sent", number)
        time.sleep(0.02)


if __name__ == "__main__":
    globals()[sys.argv[1]](Peer(int(sys.argv[2])))

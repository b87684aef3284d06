"""Each rule fires where it is broken, and only there; all faults are told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from vda_samples import (
    CURVE,
    action,
    edge,
    factsheet,
    full_messages,
    instants,
    node,
    order,
    responses,
    state,
    visualization,
    zone_set,
)

from hw_bridge.vda5050.action import Action, ActionParameter, ActionStatus, BlockingType
from hw_bridge.vda5050.base import Message
from hw_bridge.vda5050.conversation import Conversation
from hw_bridge.vda5050.fault import Rule
from hw_bridge.vda5050.order import AllowedDeviation, Order
from hw_bridge.vda5050.rules import message_faults
from hw_bridge.vda5050.state import State


def with_node(index: int, **changes: Any) -> Order:
    sample = order()
    nodes = list(sample.nodes)
    nodes[index] = replace(nodes[index], **changes)
    return replace(sample, nodes=tuple(nodes))


def with_edge(index: int, **changes: Any) -> Order:
    sample = order()
    edges = list(sample.edges)
    edges[index] = replace(edges[index], **changes)
    return replace(sample, edges=tuple(edges))


def ellipse(a: float, b: float) -> Order:
    position = node(0).node_position
    assert position is not None
    allowed = AllowedDeviation(a=a, b=b, theta=0.0)
    return with_node(0, node_position=replace(position, allowed_deviation_xy=allowed))


def with_action(change: Action) -> Order:
    return with_node(0, actions=(change,))


def knots(*values: float) -> Order:
    return with_edge(0, trajectory=replace(CURVE, knot_vector=values))


def node_states(*released: bool, first: int = 2) -> State:
    sample = state()
    kind = sample.node_states[0]
    states = tuple(
        replace(kind, sequence_id=first + 2 * i, released=is_so) for i, is_so in enumerate(released)
    )
    return replace(sample, node_states=states)


def zone_needs(**changes: Any) -> Message:
    sample = zone_set()
    zones = tuple(
        replace(zone, **changes) if zone.zone_type == "SPEED_LIMIT" else zone
        for zone in sample.zone_set.zones
    )
    return replace(sample, zone_set=replace(sample.zone_set, zones=zones))


def twice(sample: Any, name: str) -> Any:
    """The message with the first member of a list doubled."""
    return replace(sample, **{name: (*getattr(sample, name), getattr(sample, name)[0])})


def doubled_zone() -> Message:
    sample = zone_set()
    return replace(sample, zone_set=twice(sample.zone_set, "zones"))


def other_key() -> ActionParameter:
    return ActionParameter(key="loadId", value=2)


def swapped_speeds() -> Message:
    sample = factsheet()
    body = replace(sample.physical_parameters, minimum_speed=9.0)
    return replace(sample, physical_parameters=body)


Case = tuple[Rule, Callable[[], Message], Callable[[], Message], str]
CASES: list[Case] = [
    (
        Rule.HEADER_ID,
        lambda: replace(order(), header_id=2**32),
        lambda: replace(order(), header_id=2**32 - 1),
        "headerId",
    ),
    (
        Rule.HEADER_ID,
        lambda: replace(visualization(), reference_state_header_id=-1),
        visualization,
        "referenceStateHeaderId",
    ),
    (
        Rule.TIMESTAMP,
        lambda: replace(order(), timestamp="2026-03-11T11:40:03.123+01:00"),
        lambda: replace(order(), timestamp="2026-03-11T11:40:03Z"),
        "timestamp",
    ),
    (
        Rule.VERSION,
        lambda: replace(order(), version="2.1.0"),
        lambda: replace(order(), version="3.1.12"),
        "version",
    ),
    (
        Rule.ID,
        lambda: replace(order(), serial_number="U/1"),
        lambda: replace(order(), serial_number="U.1:a_B-2"),
        "serialNumber",
    ),
    (Rule.ID, lambda: with_node(1, node_id="c#1"), order, "nodes[1].nodeId"),
    (Rule.ID, lambda: replace(order(), order_id=""), order, "orderId"),
    (
        Rule.NO_NODES,
        lambda: replace(order(), nodes=(), edges=()),
        lambda: order(1, 1),
        "nodes",
    ),
    (
        Rule.EDGE_COUNT,
        lambda: replace(order(), edges=()),
        lambda: order(1, 1),
        "edges",
    ),
    (
        Rule.PARITY,
        lambda: order(2, 2, first=1),
        lambda: order(2, 2, first=4),
        "nodes[0].sequenceId",
    ),
    (
        Rule.CONTIGUOUS,
        lambda: with_node(2, sequence_id=6),
        lambda: order(3, 2, first=6),
        "nodes[2].sequenceId",
    ),
    (
        Rule.CONTIGUOUS,
        lambda: with_edge(1, sequence_id=5),
        order,
        "edges[1].sequenceId",
    ),
    (Rule.FIRST_RELEASED, lambda: order(2, 0), lambda: order(2, 1), "nodes[0].released"),
    (
        Rule.BASE_PREFIX,
        lambda: replace(order(3, 3), nodes=(node(0), node(2, False), node(4))),
        lambda: order(3, 1),
        "nodes[2].released",
    ),
    (
        Rule.EDGE_RELEASED,
        lambda: with_edge(1, released=True),
        lambda: order(3, 3),
        "edges[1].released",
    ),
    (
        Rule.EDGE_RELEASED,
        lambda: with_edge(0, released=False),
        lambda: order(3, 1),
        "edges[0].released",
    ),
    (
        Rule.ACTION_ID_TWICE,
        lambda: with_node(1, actions=(action("a.0"),)),
        order,
        "nodes[1].actions[0].actionId",
    ),
    (
        Rule.PARAMETER_TWICE,
        lambda: with_action(replace(action("x"), action_parameters=(other_key(), other_key()))),
        order,
        "nodes[0].actions[0].actionParameters[1].key",
    ),
    (
        Rule.TURNED_ELLIPSE,
        lambda: ellipse(0.1, 0.2),
        lambda: ellipse(0.1, 0.1),
        "nodes[0].nodePosition.allowedDeviationXY",
    ),
    (Rule.KNOTS, lambda: knots(0.0, 1.0), order, "edges[0].trajectory.knotVector"),
    (
        Rule.KNOTS,
        lambda: knots(0.0, 0.5, 0.4, 1.0),
        lambda: knots(0.0, 0.5, 0.5, 1.0),
        "edges[0].trajectory.knotVector",
    ),
    (
        Rule.LIMIT,
        lambda: with_edge(0, maximum_speed=-0.1),
        lambda: with_edge(0, maximum_speed=0.0),
        "edges[0].maximumSpeed",
    ),
    (Rule.NO_ACTIONS, lambda: replace(instants(), actions=()), instants, "actions"),
    (
        Rule.INSTANT_BLOCKING,
        lambda: replace(instants(), actions=(action("x"),)),
        lambda: replace(instants(), actions=(action("x", blocking=BlockingType.NONE),)),
        "actions[0].blockingType",
    ),
    (
        Rule.IDLE,
        lambda: replace(state(), order_id=""),
        lambda: replace(state(), order_id="", node_states=(), edge_states=()),
        "orderId",
    ),
    (
        Rule.STATE_NUMBER,
        lambda: replace(state(), last_node_sequence_id=1),
        lambda: replace(state(), last_node_sequence_id=0),
        "lastNodeSequenceId",
    ),
    (
        Rule.STATE_NUMBER,
        lambda: replace(state(), order_update_id=-1),
        lambda: replace(state(), order_update_id=4),
        "orderUpdateId",
    ),
    (
        Rule.STATE_SEQUENCE,
        lambda: node_states(True, True, first=0),
        lambda: node_states(True, True, first=2),
        "nodeStates[0].sequenceId",
    ),
    (
        Rule.STATE_SEQUENCE,
        lambda: replace(state(), edge_states=tuple(reversed(state().edge_states))),
        lambda: replace(node_states(True, first=0), last_node_id=""),
        "edgeStates[1].sequenceId",
    ),
    (
        Rule.STATE_BASE,
        lambda: node_states(False, True),
        lambda: node_states(True, False),
        "nodeStates[1].released",
    ),
    (
        Rule.STATE_ACTION_TWICE,
        lambda: twice(state(), "action_states"),
        state,
        "actionStates[1].actionId",
    ),
    (Rule.ONE_ENABLED, lambda: twice(state(), "maps"), state, "maps[1]"),
    (Rule.ONE_ENABLED, lambda: twice(state(), "zone_sets"), state, "zoneSets[1]"),
    (Rule.REQUEST_TWICE, lambda: twice(state(), "zone_requests"), state, "zoneRequests[1]"),
    (
        Rule.MINIMUM_MAXIMUM,
        swapped_speeds,
        factsheet,
        "physicalParameters.minimumSpeed",
    ),
    (
        Rule.ZONE_FIELDS,
        lambda: zone_needs(maximum_speed=None),
        zone_set,
        "zoneSet.zones[2]",
    ),
    (Rule.ZONE_TWICE, doubled_zone, zone_set, "zoneSet.zones[8].zoneId"),
    (
        Rule.RESPONSE_TWICE,
        lambda: twice(responses(), "responses"),
        responses,
        "responses[1].requestId",
    ),
    (
        Rule.LEASE,
        lambda: replace(
            responses(),
            responses=(replace(responses().responses[0], lease_expiry="tomorrow"),),
        ),
        responses,
        "responses[0].leaseExpiry",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[3]}")
def test_a_rule_fires_where_it_is_broken(case: Case) -> None:
    rule, bad, good, place = case
    assert (rule, place) in {(fault.rule, fault.place) for fault in message_faults(bad())}
    assert rule not in {fault.rule for fault in message_faults(good())}


@pytest.mark.parametrize("topic", sorted(full_messages()))
def test_full_messages_break_no_rule(topic: str) -> None:
    assert message_faults(full_messages()[topic]) == []


def test_all_faults_are_told_at_once() -> None:
    bad = replace(
        order(), header_id=-1, timestamp="now", version="3", serial_number="a b", order_id="#",
        nodes=(node(0, False), node(3)), edges=(edge(1), edge(1)),
    )  # fmt: skip
    assert {fault.rule for fault in message_faults(bad)} == {
        Rule.HEADER_ID, Rule.TIMESTAMP, Rule.VERSION, Rule.ID, Rule.EDGE_COUNT, Rule.PARITY,
        Rule.CONTIGUOUS, Rule.FIRST_RELEASED, Rule.BASE_PREFIX,
    }  # fmt: skip


def test_a_fault_says_place_reason_and_rule() -> None:
    (fault,) = message_faults(with_edge(1, sequence_id=5))
    assert str(fault) == "edges[1].sequenceId: is 5, expected 3 [contiguous]"


# What follows on each other.


def update(number: int, first: int, n_nodes: int = 3, n_released: int = 2) -> Order:
    return replace(order(n_nodes, n_released, first, number), header_id=7 + number)


def said(*messages: Message) -> set[Rule]:
    """Rules broken by the last of some messages to a unit."""
    talk = Conversation()
    for message in messages[:-1]:
        talk.send("order" if isinstance(message, Order) else "instantActions", message)
    last = messages[-1]
    topic = "order" if isinstance(last, Order) else "instantActions"
    return {fault.rule for fault in talk.send(topic, last)}


def test_updates_that_stitch_are_right() -> None:
    assert said(update(0, 0), update(1, 2), update(1, 2), update(2, 4)) == set()


def test_an_update_stitches_to_the_base() -> None:
    assert said(update(0, 0), update(1, 4)) == {Rule.STITCH}
    other = replace(update(1, 2), nodes=(replace(node(2), actions=()), *update(1, 2).nodes[1:]))
    assert said(update(0, 0), other) == {Rule.STITCH}


def test_update_numbers_do_not_fall() -> None:
    late = replace(update(0, 0), header_id=9)
    assert said(update(0, 0), update(1, 2), late) == {Rule.UPDATE_BACK}


def test_the_same_update_says_the_same() -> None:
    assert said(update(0, 0), replace(update(0, 0), header_id=8)) == set()
    assert said(update(0, 0), replace(update(0, 0, n_released=3), header_id=8)) == {
        Rule.UPDATE_SAME
    }


def other_order(number: int) -> Order:
    nodes = (replace(node(0), actions=()),)
    return replace(order(1, 1), header_id=8, order_id="1.2.0", order_update_id=number, nodes=nodes)


def test_an_order_begins_with_update_0() -> None:
    assert said(update(0, 0), other_order(0)) == set()
    assert said(update(0, 0), other_order(1)) == {Rule.FIRST_UPDATE}
    assert said(other_order(3)) == set()  # the log begins in the midst of it


def test_header_ids_rise_by_one() -> None:
    assert said(update(0, 0), replace(update(1, 2), header_id=7)) == {Rule.HEADER_ORDER}
    assert said(update(0, 0), replace(update(1, 2), header_id=9)) == {Rule.HEADER_ORDER}
    wrapped = replace(update(0, 0), header_id=2**32 - 1)
    assert said(wrapped, replace(update(1, 2), header_id=0)) == set()


def test_a_controller_that_takes_over_counts_anew() -> None:
    talk = Conversation()
    talk.send("order", update(0, 0))
    talk.renew()
    assert talk.send("order", replace(update(1, 2), header_id=0)) == []


def test_an_update_may_stitch_on_what_the_unit_says_of_its_base() -> None:
    """One that nobody confirms, however often it is sent, is made anew: it may never have come."""
    talk = Conversation()
    talk.send("order", update(0, 0))
    told = replace(state(), order_id=update(0, 0).order_id, order_update_id=0)
    released = [node.sequence_id for node in told.node_states if node.released]
    base = max(released, default=told.last_node_sequence_id)
    talk.hear(told, 1, 0)
    talk.send("order", update(1, base, 4, 3))  # is lost
    assert talk.send("order", update(2, base, 4, 3)) == []
    assert {f.rule for f in talk.send("order", update(3, base + 2))} == {Rule.STITCH}


def cancel(name: str) -> Message:
    parameter = ActionParameter(key="orderId", value=name)
    act = Action(
        action_type="cancelOrder", action_id="c.1", blocking_type=BlockingType.NONE,
        action_parameters=(parameter,),
    )  # fmt: skip
    return replace(instants(), actions=(act,))


def test_nothing_follows_on_a_cancel() -> None:
    assert said(update(0, 0), cancel("1.1.0"), update(1, 2)) == {Rule.UPDATE_AFTER_CANCEL}
    assert said(update(0, 0), cancel("1.1.0"), other_order(0)) == set()
    assert said(cancel("1.1.0"), update(0, 0)) == {Rule.UPDATE_AFTER_CANCEL}


def test_an_action_id_means_one_action() -> None:
    again = replace(other_order(0), nodes=(replace(node(0), actions=(action("a.0", "drop"),)),))
    assert said(update(0, 0), again) == {Rule.ACTION_ID_REUSED}
    same = replace(other_order(0), nodes=(replace(node(0), actions=(action("a.0"),)),))
    assert said(update(0, 0), same) == set()


def heard(*states: State, sent: Order | None = None, session: int = 1) -> set[Rule]:
    talk = Conversation()
    if sent is not None:
        talk.send("order", sent)
    faults = [talk.hear(told, session, seq) for seq, told in enumerate(states)]
    return {fault.rule for fault in faults[-1]}


def later(number: int = 8, **changes: Any) -> State:
    return replace(state(), header_id=number, **changes)


def test_a_unit_knows_only_what_was_sent() -> None:
    assert heard(later(order_update_id=1), sent=update(0, 0)) == {Rule.UNKNOWN_UPDATE}
    assert heard(later(order_update_id=0), sent=update(0, 0)) == set()


def test_progress_is_not_undone() -> None:
    there = later(7, last_node_sequence_id=2)
    assert heard(there, later(last_node_sequence_id=0)) == {Rule.PROGRESS_UNDONE}
    assert heard(there, later(last_node_sequence_id=4)) == set()
    assert heard(there, later(last_node_sequence_id=0, order_id="1.2.0")) == set()


def test_a_later_state_has_no_earlier_update() -> None:
    before = later(7, order_update_id=2)
    assert heard(before, later(order_update_id=1)) == {Rule.UPDATE_BACK}
    assert heard(before, later(order_update_id=3)) == set()


def test_header_ids_of_states_do_not_fall() -> None:
    assert heard(later(8), later(7)) == {Rule.HEADER_ORDER}
    assert heard(later(8), later(20)) == set()  # those between were lost
    assert heard(later(2**32 - 1), later(0)) == set()


def test_what_is_over_stays_over() -> None:
    (done,) = state().action_states
    running = (replace(done, action_status=ActionStatus.RUNNING),)
    assert heard(later(7), later(action_states=running)) == {Rule.ACTION_RESUMED}
    assert heard(later(7, action_states=running), later()) == set()


def test_what_was_overtaken_is_not_looked_at() -> None:
    talk = Conversation()
    assert talk.hear(later(9, last_node_sequence_id=4), 1, 5) == []
    assert talk.hear(later(8, last_node_sequence_id=2), 1, 4) == []


def test_a_unit_that_was_switched_on_begins_anew() -> None:
    talk = Conversation()
    talk.hear(later(9, last_node_sequence_id=4), 1, 5)
    assert talk.hear(later(0, last_node_sequence_id=0), 2, 1) == []


SEQUENCES = {
    Rule.HEADER_ORDER, Rule.FIRST_UPDATE, Rule.UPDATE_BACK, Rule.UPDATE_SAME, Rule.STITCH,
    Rule.UPDATE_AFTER_CANCEL, Rule.ACTION_ID_REUSED, Rule.UNKNOWN_UPDATE, Rule.PROGRESS_UNDONE,
    Rule.ACTION_RESUMED,
}  # fmt: skip


def test_each_rule_has_its_test() -> None:
    assert {case[0] for case in CASES} | SEQUENCES == set(Rule)

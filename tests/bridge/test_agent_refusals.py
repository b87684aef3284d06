"""Each reason for which the drive agent refuses an order, and that nothing else changes then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from agent_rig import SERIAL, TOOLS, PaperMotors, Path, Rig

from hw_bridge.agent.motors import Mode
from hw_bridge.agent.options import AgentOptions
from hw_bridge.vda5050.base import encode
from hw_bridge.vda5050.order import Order
from hw_bridge.wire.frames import Topic

LEVELS = {"UNSUPPORTED_PARAMETER": "CRITICAL", "INSUFFICIENT_MEMORY": "URGENT"}


def driving() -> tuple[Rig, Path]:
    """A unit on its way, with order 2: two steps done, the second update."""
    rig = Rig()
    rig.order(rig.path(1, [0]).order(0, 0, 0))
    path = rig.path(2, [0, 1, 2, 3, 4, 5, 6])
    rig.order(path.order(0, 0, 2)).order(path.order(2, 2, 4, n_ahead=1)).run(2)
    assert not rig.errors
    return rig, path


def refused(rig: Rig, error_type: str, order: Order | bytes, **link: Any) -> None:
    """It says so, and nothing else of it changes."""
    before = (rig.state, rig.link, list(rig.motors.moves))
    rig.hear(Topic.ORDER, order if isinstance(order, bytes) else encode(order), **link)
    assert rig.errors == [error_type], rig.state.errors
    error = rig.state.errors[0]
    assert error.error_level == LEVELS.get(error_type, "WARNING")
    assert error.error_description
    if isinstance(order, Order):
        references = {r.reference_key: r.reference_value for r in error.error_references}
        assert references["orderId"] == order.order_id
        assert references["orderUpdateId"] == str(order.order_update_id)
    after = msgspec.structs.replace(
        rig.state, errors=before[0].errors, header_id=before[0].header_id,
        timestamp=before[0].timestamp,
    )  # fmt: skip
    assert after == before[0]
    of_before = msgspec.structs.replace(before[1], seq=rig.link.seq, sent_ns=0, echo_ns=0)
    assert msgspec.structs.replace(rig.link, sent_ns=0, echo_ns=0) == of_before
    assert rig.motors.moves == before[2]


def taken(rig: Rig, order: Order, **link: Any) -> None:
    """The next order that is accepted ends the complaint."""
    rig.order(order, **link)
    assert rig.state.order_id == order.order_id
    assert rig.state.order_update_id == order.order_update_id
    assert not rig.errors


def test_what_is_no_order() -> None:
    rig, path = driving()
    order = path.order(3, 4, 5)
    text = encode(order)
    for bad in (
        b"", b"{", b"[]", b"\xff\xfe", b'{"orderId": 5}', text[:-1], b"[" * 20000,
        text.replace(b'"sequenceId":8', b'"sequenceId":-8'),
    ):  # fmt: skip
        refused(rig, "VALIDATION_FAILURE", bad)
    taken(rig, order)


@pytest.mark.parametrize(
    "changes",
    [
        {"nodes": ()},
        {"edges": ()},
        {"order_id": "order/1"},
        {"order_id": ""},
        {"order_id": "my-order"},
        {"serial_number": "R0002"},
        {"manufacturer": "somebody"},
        {"version": "2.1.0"},
        {"header_id": -1},
    ],
    ids=str,
)
def test_orders_that_are_not_well_formed(changes: dict[str, Any]) -> None:
    rig, path = driving()
    refused(rig, "VALIDATION_FAILURE", path.order(3, 4, 6, **changes))
    taken(rig, path.order(3, 4, 6))


def test_orders_whose_graph_is_broken() -> None:
    rig, path = driving()
    order = path.order(3, 4, 6)
    nodes, edges = order.nodes, order.edges
    change = msgspec.structs.replace
    for broken in (
        change(order, nodes=(nodes[0], change(nodes[1], sequence_id=12), nodes[2])),
        change(order, edges=(edges[0], change(edges[1], sequence_id=9))),
        change(order, nodes=(change(nodes[0], released=False), *nodes[1:])),
        change(order, nodes=(nodes[0], change(nodes[1], released=False), nodes[2])),
        change(order, edges=(change(edges[0], released=False), edges[1])),
    ):
        refused(rig, "VALIDATION_FAILURE", broken)
    assert SERIAL in rig.last.payload.decode()


def test_an_update_that_comes_too_late() -> None:
    rig, path = driving()
    refused(rig, "OUTDATED_ORDER_UPDATE", path.order(1, 2, 3))
    refused(rig, "OUTDATED_ORDER_UPDATE", path.order(0, 0, 2))
    taken(rig, path.order(3, 4, 5))


def test_the_same_update_again() -> None:
    rig, path = driving()
    rig.order(path.order(2, 2, 4, n_ahead=1)).order(path.order(2, 2, 4, n_ahead=1, header_id=77))
    assert not rig.errors
    refused(rig, "SAME_ORDER_UPDATE_ID", path.order(2, 2, 5))
    refused(rig, "SAME_ORDER_UPDATE_ID", path.order(2, 2, 4))
    taken(rig, path.order(3, 4, 5))


@pytest.mark.parametrize("first", [2, 3, 5])
def test_an_update_that_begins_elsewhere_than_the_base_ends(first: int) -> None:
    rig, path = driving()
    refused(rig, "VALIDATION_FAILURE", path.order(3, first, 6))
    taken(rig, path.order(4, 4, 6))


def test_an_update_that_changes_its_first_node() -> None:
    rig, path = driving()
    order = path.order(3, 4, 6)
    first = order.nodes[0]
    assert first.node_position is not None
    moved = msgspec.structs.replace(first.node_position, x=4.2)
    with_lift = rig.path(2, [0, 1, 2, 3, 4, "pick"]).order(3, 5, 5).nodes[0].actions
    for changed in (
        msgspec.structs.replace(first, node_id="c.9.9"),
        msgspec.structs.replace(first, node_position=moved),
        msgspec.structs.replace(first, node_position=None),
        msgspec.structs.replace(first, actions=with_lift),
    ):
        nodes = (changed, *order.nodes[1:])
        refused(rig, "VALIDATION_FAILURE", msgspec.structs.replace(order, nodes=nodes))


def test_another_order_while_one_is_active() -> None:
    rig, path = driving()
    refused(rig, "OTHER_ORDER_ACTIVE", rig.path(3, [2, 3], stand=2).order(0, 0, 1))
    rig.run(2)  # the base is done, an update is waited for
    refused(rig, "OTHER_ORDER_ACTIVE", rig.path(3, [4, 5], stand=4).order(0, 0, 1))
    taken(rig, path.order(3, 4, 4))
    taken(rig, rig.path(3, [4, 5], stand=4).order(0, 0, 1))


def test_an_order_that_counts_anew_does_not_wait_for_the_horizon() -> None:
    rig, _ = driving()
    rig.run(2)
    taken(rig, rig.path(3, [4, 5]).order(0, 0, 1), anew=True)


def test_an_order_that_was_overtaken() -> None:
    rig = Rig()
    rig.order(rig.path(5, [0, 1]).order(0, 0, 1)).run()
    refused(rig, "OUTDATED_ORDER_UPDATE", rig.path(4, [1, 2], stand=1).order(0, 0, 1))
    refused(rig, "OUTDATED_ORDER_UPDATE", rig.path(5, [1, 2], stand=1).order(0, 0, 1))
    taken(rig, rig.path(6, [1, 2], stand=1).order(0, 0, 1))


def test_an_update_after_the_cancel() -> None:
    rig, path = driving()
    rig.cancel(path.name)
    refused(rig, "ORDER_UPDATE_FOLLOWING_CANCEL", path.order(3, 4, 5))
    refused(rig, "ORDER_UPDATE_FOLLOWING_CANCEL", path.order(2, 2, 4, n_ahead=1))
    refused(rig, "ORDER_UPDATE_FOLLOWING_CANCEL", rig.path(1, [2, 3]).order(0, 0, 1))
    taken(rig, rig.path(3, [2, 3], stand=2).order(0, 0, 1))


def test_an_order_that_begins_elsewhere() -> None:
    rig = Rig()
    refused(rig, "START_NODE_OUT_OF_RANGE", rig.path(1, [1, 2]).order(0, 0, 1))
    rig.motors.change(x_m=0.8)
    rig.tick(1.0)
    refused(rig, "START_NODE_OUT_OF_RANGE", rig.path(1, [0, 1]).order(0, 0, 1))
    rig.motors.change(x_m=0.4)
    rig.hello()
    taken(rig, rig.path(1, [0, 1]).order(0, 0, 1))
    rig.run()
    # Where it is, but at another of its steps.
    refused(rig, "START_NODE_OUT_OF_RANGE", rig.path(2, [1, 2], stand=0).order(0, 0, 1))
    refused(rig, "START_NODE_OUT_OF_RANGE", rig.path(2, [1, 2], stand=2).order(0, 0, 1))
    taken(rig, rig.path(2, [1, 2], stand=7).order(0, 0, 1), anew=True)


def test_a_unit_that_knows_no_names_goes_by_the_place() -> None:
    rig = Rig(PaperMotors(node=""))
    rig.motors.change(x_m=0.7)
    rig.tick(1.0)
    order = rig.path(1, [0, 1]).order(0, 0, 1)
    refused(rig, "START_NODE_OUT_OF_RANGE", order)
    text = encode(order).replace(
        b'"mapId":"floor"', b'"mapId":"floor","allowedDeviationXY":{"a":1.0,"b":0.8,"theta":0.0}', 1
    )
    rig.hear(Topic.ORDER, text)
    assert rig.state.order_id == "5.1.0"


def test_no_way_to_a_node() -> None:
    rig = Rig(options=AgentOptions(longest_edge_m=1.5))
    refused(rig, "NO_ROUTE_TO_TARGET", rig.path(1, [0, 1, 3]).order(0, 0, 2))
    order = rig.path(1, [0, 1]).order(0, 0, 1)
    nowhere = msgspec.structs.replace(order.nodes[1], node_position=None)
    nodes = (order.nodes[0], nowhere)
    refused(rig, "NO_ROUTE_TO_TARGET", msgspec.structs.replace(order, nodes=nodes))
    taken(rig, order)


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (b'"released":true,"actions":[]}]', b'"released":true,"actions":[],"orientation":1.0}]'),
        (b'"released":true,"actions":[]}]', b'"released":true,"actions":[],"direction":"left"}]'),
        (b'"mapId":"floor"', b'"mapId":"floor","theta":0.0'),
        (b'"mapId":"floor"', b'"mapId":"floor","allowedDeviationTheta":0.1'),
    ],
    ids=["orientation", "direction", "theta", "deviation"],
)
def test_optional_fields_that_it_cannot_use(place: bytes, field: bytes) -> None:
    rig = Rig()
    order = rig.path(1, [0, 1]).order(0, 0, 1)
    text = encode(order)
    bad = field.join(text.rsplit(place, 1))
    assert bad != text
    refused(rig, "UNSUPPORTED_PARAMETER", bad)
    taken(rig, order)


@pytest.mark.parametrize("step", ["fly", "pick/SOFT", "drop/NONE"])
def test_actions_that_it_cannot_do(step: str) -> None:
    rig = Rig()
    refused(rig, "INVALID_ORDER_ACTION", rig.path(1, [0, step]).order(0, 0, 1))
    taken(rig, rig.path(1, [0, "pick"]).order(0, 0, 1))


def test_actions_on_edges_and_bad_parameters() -> None:
    rig = Rig()
    order = rig.path(1, [0, "wait", 1]).order(0, 0, 2)
    actions = order.nodes[1].actions
    edge = msgspec.structs.replace(order.edges[0], actions=actions)
    moved = msgspec.structs.replace(
        order, edges=(edge, order.edges[1]),
        nodes=(order.nodes[0], msgspec.structs.replace(order.nodes[1], actions=()), order.nodes[2]),
    )  # fmt: skip
    refused(rig, "INVALID_ORDER_ACTION", moved)
    for value in (-1.0, "long", True, None):
        parameters = (msgspec.structs.replace(actions[0].action_parameters[0], value=value),)
        action = msgspec.structs.replace(actions[0], action_parameters=parameters)
        node = msgspec.structs.replace(order.nodes[1], actions=(action,))
        nodes = (order.nodes[0], node, order.nodes[2])
        refused(rig, "INVALID_ORDER_ACTION", msgspec.structs.replace(order, nodes=nodes))


def test_an_action_twice() -> None:
    rig = Rig()
    path = rig.path(1, [0, "pick", 1, "drop"])
    rig.order(path.order(0, 0, 2))
    order = path.order(1, 2, 3)
    again = msgspec.structs.replace(order.nodes[1], actions=path.order(0, 0, 1).nodes[1].actions)
    nodes = (order.nodes[0], again)
    refused(rig, "VALIDATION_FAILURE", msgspec.structs.replace(order, nodes=nodes))
    taken(rig, order)


@pytest.mark.parametrize("mode", [Mode.STARTUP, Mode.MANUAL, Mode.SERVICE])
def test_a_unit_that_is_not_in_automatic_mode(mode: Mode) -> None:
    rig = Rig()
    rig.motors.change(mode=mode)
    rig.tick()
    order = rig.path(1, [0, 1]).order(0, 0, 1)
    refused(rig, "MOBILE_ROBOT_NOT_AVAILABLE", order)
    rig.motors.change(mode=Mode.AUTOMATIC)
    rig.tick()
    assert not rig.errors  # reported until it is available again
    taken(rig, order)


def test_a_map_that_it_does_not_have() -> None:
    rig = Rig()
    order = rig.path(1, [0, 1]).order(0, 0, 1)
    refused(rig, "UNKNOWN_MAP_ID", encode(order).replace(b'"floor"', b'"attic"'))
    taken(rig, order)


def test_more_nodes_than_it_can_keep() -> None:
    rig = Rig(options=replace(AgentOptions(tools=TOOLS), max_nodes=6))
    path = rig.path(1, list(range(12)))
    refused(rig, "INSUFFICIENT_MEMORY", path.order(0, 0, 6))
    taken(rig, path.order(0, 0, 3))
    refused(rig, "INSUFFICIENT_MEMORY", path.order(1, 3, 7))
    rig.run(3)
    taken(rig, path.order(1, 3, 5))


def test_a_new_order_begins_with_nothing_done() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, 2])
    refused(rig, "VALIDATION_FAILURE", path.order(1, 0, 2))
    refused(rig, "VALIDATION_FAILURE", path.order(0, 1, 2))
    taken(rig, path.order(0, 0, 2))


def test_errors_are_listed_by_type() -> None:
    rig, path = driving()
    rig.hear(Topic.ORDER, b"{").order(path.order(1, 2, 3)).order(path.order(0, 0, 3))
    assert rig.errors == ["VALIDATION_FAILURE", "OUTDATED_ORDER_UPDATE"]
    assert rig.agent.refused == {"VALIDATION_FAILURE": 1, "OUTDATED_ORDER_UPDATE": 2}

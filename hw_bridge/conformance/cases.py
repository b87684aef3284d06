"""What every unit must do: orders and their updates (VDA 5050, sections 6.1 and 6.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from hw_bridge.conformance.rig import PATIENCE_S, CaseFailed, CaseSkipped, Rig
from hw_bridge.conformance.route import Route
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import Action, ActionParameter, BlockingType
from hw_bridge.vda5050.base import encode
from hw_bridge.vda5050.order import Corridor, Order
from hw_bridge.wire.frames import MAX_MESSAGE_BYTES, Topic

WATCH_S = 1.0
"""How long something is watched that must not happen."""
Try = Callable[[Rig], None]
_change = msgspec.structs.replace


@dataclass(frozen=True, slots=True)
class Case:
    """text: what the unit has to do."""

    name: str
    text: str
    test: Try


CASES: list[Case] = []


def case(text: str) -> Callable[[Try], Try]:
    def note(test: Try) -> Try:
        CASES.append(Case(test.__name__.replace("_", "-"), text, test))
        return test

    return note


def standing(rig: Rig) -> tuple[Route, Order]:
    """An order that ends where the unit stands, and hopes for more: it stays active."""
    route = rig.route(2)
    order = rig.order(route, 0, 0, 0, n_ahead=1)
    rig.taken(order)
    return route, order


def refused(rig: Rig, send: Callable[[], object], *error_types: str) -> None:
    """It complains, keeps what it has, and does not move."""
    before = rig.state
    kept = (before.order_id, before.order_update_id, before.last_node_id, before.node_states)
    n_said = len(rig.said)
    send()
    rig.until(
        lambda: len(rig.said) > n_said and bool(rig.errors & set(error_types)),
        f"no error {' or '.join(error_types)}",
    )
    rig.never(lambda: kept != _of(rig), "it has taken what it refuses", WATCH_S / 2)


def _of(rig: Rig) -> tuple[object, ...]:
    state = rig.state
    return (state.order_id, state.order_update_id, state.last_node_id, state.node_states)


@case("says that it is online, what it is, and how it is")
def introduces_itself(rig: Rig) -> None:
    rig.until(lambda: rig.is_online, "connection ONLINE")
    rig.until(lambda: bool(rig.messages(Topic.FACTSHEET)), "a factsheet")
    known = {action.action_type for action in rig.factsheet.protocol_features.mobile_robot_actions}
    missing = {names.CANCEL_ORDER, names.START_PAUSE, names.STOP_PAUSE} - known
    if missing:
        raise CaseFailed(f"its factsheet does not name {', '.join(sorted(missing))}")


@case("sends its factsheet when asked")
def sends_its_factsheet(rig: Rig) -> None:
    n_sheets = len(rig.messages(Topic.FACTSHEET))
    action_id = rig.instant(names.FACTSHEET_REQUEST)
    rig.until(lambda: len(rig.messages(Topic.FACTSHEET)) > n_sheets, "a factsheet")
    rig.ended(action_id, "FINISHED")


@case("sends its state when asked, and as often as it promises")
def sends_states(rig: Rig) -> None:
    rig.ended(rig.instant(names.STATE_REQUEST), "FINISHED")
    timing = rig.factsheet.protocol_limits.timing
    longest_s = 1.0 if rig.has_extras else timing.default_state_interval or 30.0
    for _ in range(3):
        n_states = len(rig.messages(Topic.STATE))
        wait_s = 1.2 * longest_s + 0.2
        rig.until(lambda n=n_states: len(rig.messages(Topic.STATE)) > n, "a state", wait_s)  # type: ignore[misc]


@case("does an action on the node where it stands, once")
def acts_where_it_stands(rig: Rig) -> None:
    actions = _harmless(rig)
    route = rig.route(0)
    rig.taken(rig.order(route, 0, 0, 0))
    for update, action in enumerate(actions, start=1):
        last = route.cells[-1]
        route = Route(
            route.name, [*route.cells, last], rig.floor, {**route.actions, update: (action,)}
        )
        order = rig.order(route, update, update - 1, update)
        rig.taken(order)
        rig.ended(action.action_id, "FINISHED", seconds=PATIENCE_S)
        rig.say(Topic.ORDER, encode(order))
    rig.until(lambda: rig.is_idle, "it is done")


def _harmless(rig: Rig) -> list[Action]:
    """Actions that can be tried here."""
    known = {a.action_type for a in rig.factsheet.protocol_features.mobile_robot_actions
             if "NODE" in a.action_scopes}  # fmt: skip
    if rig.setup.is_at_pod and {names.PICK, names.DROP} <= known:
        return [_action(names.PICK, rig), _action(names.DROP, rig)]
    for kind in ("wait", "beep"):
        if kind in known:
            return [_action(kind, rig, {"duration": 0.5})]
    raise CaseSkipped("no action can be tried without a pod; put one where it stands: --at-pod")


@case("drives to the last node of its order, and says so")
def drives(rig: Rig) -> None:
    route = rig.route(2)
    order = rig.order(route, 0, 0, 2)
    rig.taken(order)
    rig.until(lambda: rig.last == 2 and rig.is_idle, "it is at the last node", 2 * PATIENCE_S)
    if rig.state.last_node_id != order.nodes[-1].node_id:
        raise CaseFailed(f"it is not at {order.nodes[-1].node_id}; {rig.summary()}")


@case("drives no farther than to the last node released")
def keeps_to_its_base(rig: Rig) -> None:
    route = rig.route(3)
    order = rig.order(route, 0, 0, 1, n_ahead=2)
    rig.taken(order)
    ahead = [node.released for node in rig.state.node_states]
    if ahead[-2:] != [False, False]:
        raise CaseFailed(f"its horizon is not in its state; {rig.summary()}")
    rig.until(lambda: rig.last == 1, "it is at the last node released", PATIENCE_S)
    rig.never(lambda: rig.last > 1, "it has left its base", 3 * WATCH_S)


@case("goes on with its order when it is lengthened")
def takes_updates(rig: Rig) -> None:
    route = rig.route(3)
    rig.taken(rig.order(route, 0, 0, 1, n_ahead=1))
    rig.taken(rig.order(route, 1, 1, 2))
    rig.until(lambda: rig.last == 2, "it is at the end of the first update", 2 * PATIENCE_S)
    rig.taken(rig.order(route, 5, 2, 3))
    rig.until(lambda: rig.last == 3 and rig.is_idle, "it is at the end", PATIENCE_S)


@case("lets its horizon be changed and dropped")
def lets_its_horizon_change(rig: Rig) -> None:
    route, _ = standing(rig)
    rig.taken(rig.order(route, 1, 0, 0, n_ahead=2))
    if len(rig.state.node_states) != 2:
        raise CaseFailed(f"the longer horizon is not in its state; {rig.summary()}")
    rig.taken(rig.order(route, 2, 0, 0))
    rig.until(lambda: rig.is_idle, "it waits for more than there is")


@case("takes the same message twice as once")
def ignores_a_double(rig: Rig) -> None:
    route = rig.route(2)
    order = rig.order(route, 0, 0, 1)
    rig.taken(order)
    for _ in range(3):
        rig.say(Topic.ORDER, encode(order))
    rig.until(lambda: rig.last == 1 and not rig.state.driving, "it is at the last node", PATIENCE_S)
    rig.say(Topic.ORDER, encode(order))
    rig.never(lambda: rig.last != 1 or rig.state.driving, "it has moved", WATCH_S)
    if rig.errors & {"SAME_ORDER_UPDATE_ID", "OUTDATED_ORDER_UPDATE", "OTHER_ORDER_ACTIVE"}:
        raise CaseFailed(f"it complains of a message that says nothing new; {rig.summary()}")


@case("refuses an update that is older than what it has")
def refuses_a_stale_update(rig: Rig) -> None:
    route, _ = standing(rig)
    rig.taken(rig.order(route, 3, 0, 0, n_ahead=2))
    refused(rig, lambda: rig.order(route, 2, 0, 1), "OUTDATED_ORDER_UPDATE")


@case("refuses another content under the same update id")
def refuses_another_content(rig: Rig) -> None:
    route, _ = standing(rig)
    refused(rig, lambda: rig.order(route, 0, 0, 1), "SAME_ORDER_UPDATE_ID")


@case("refuses an update that does not begin with the last node of its base")
def refuses_a_wrong_stitch(rig: Rig) -> None:
    route, _ = standing(rig)
    refused(rig, lambda: rig.order(route, 1, 1, 2), *_ANY_REFUSAL)


@case("refuses an update that changes the node it begins with")
def refuses_a_changed_stitch(rig: Rig) -> None:
    route, _ = standing(rig)

    def other_action(order: Order) -> Order:
        action = Action(
            action_type=names.DROP, action_id=f"{order.order_id}.x", blocking_type=BlockingType.HARD
        )
        return _change(order, nodes=(_change(order.nodes[0], actions=(action,)), *order.nodes[1:]))

    refused(rig, lambda: rig.order(route, 1, 0, 1, change=other_action), *_ANY_REFUSAL)


_ANY_REFUSAL = (
    "VALIDATION_FAILURE", "START_NODE_OUT_OF_RANGE", "NO_ROUTE_TO_TARGET", "INVALID_ORDER_ACTION",
    "OUTDATED_ORDER_UPDATE",
)  # fmt: skip


@case("refuses another order while one is active")
def refuses_another_order(rig: Rig) -> None:
    standing(rig)
    other = rig.route(1)
    refused(rig, lambda: rig.order(other, 0, 0, 1), "OTHER_ORDER_ACTIVE")


@case("refuses an order that begins elsewhere")
def refuses_a_start_elsewhere(rig: Rig) -> None:
    cells = [cell for cell in range(rig.setup.layout.n_cells) if rig.setup.layout.driveable[cell]]
    here = rig.cell()
    far = max(cells, key=lambda cell: abs(cell - here))
    route = rig.route(cells=[far])
    refused(rig, lambda: rig.order(route, 0, 0, 0), "START_NODE_OUT_OF_RANGE")


@case("refuses nodes on a map that it does not have")
def refuses_an_unknown_map(rig: Rig) -> None:
    def elsewhere(order: Order) -> Order:
        nodes = tuple(
            _change(node, node_position=_change(node.node_position, map_id="no-such-map"))
            for node in order.nodes
            if node.node_position is not None
        )
        return _change(order, nodes=nodes)

    route = rig.route(1)
    refused(rig, lambda: rig.order(route, 0, 0, 1, change=elsewhere), "UNKNOWN_MAP_ID")


@case("refuses actions that it cannot do")
def refuses_an_unknown_action(rig: Rig) -> None:
    route = rig.route(0, actions=[_action("no-such-action", rig)])
    refused(rig, lambda: rig.order(route, 0, 0, 1), "INVALID_ORDER_ACTION")


def _action(kind: str, rig: Rig, parameters: dict[str, object] | None = None) -> Action:
    return Action(
        action_type=kind,
        action_id=f"check.{rig.epoch}.{len(rig.said)}.{kind}",
        blocking_type=BlockingType.HARD,
        action_parameters=tuple(
            ActionParameter(key=key, value=value) for key, value in (parameters or {}).items()
        ),
    )


@case("refuses optional fields that its factsheet does not name")
def refuses_an_unsupported_field(rig: Rig) -> None:
    named = {feature.parameter for feature in rig.factsheet.protocol_features.optional_parameters}
    if any("corridor" in parameter for parameter in named):
        raise CaseSkipped("it supports corridors, with which this is tried")

    def with_corridor(order: Order) -> Order:
        edge = _change(order.edges[0], corridor=Corridor(left_width=0.1, right_width=0.1))
        return _change(order, edges=(edge,))

    route = rig.route(1)
    refused(rig, lambda: rig.order(route, 0, 0, 1, change=with_corridor), "UNSUPPORTED_PARAMETER")


@case("refuses an order whose sequenceIds have a gap")
def refuses_a_broken_graph(rig: Rig) -> None:
    def with_gap(order: Order) -> Order:
        return _change(order, nodes=(order.nodes[0], _change(order.nodes[1], sequence_id=4)))

    route = rig.route(1)
    refused(rig, lambda: rig.order(route, 0, 0, 1, change=with_gap), "VALIDATION_FAILURE")


@case("survives what is no JSON, and says so")
def survives_malformed_json(rig: Rig) -> None:
    refused(rig, lambda: rig.say(Topic.ORDER, b'{"orderId": '), "VALIDATION_FAILURE")
    rig.say(Topic.INSTANT_ACTIONS, b"\xff\x00")
    rig.ended(rig.instant(names.STATE_REQUEST), "FINISHED")


@case("survives a message that is too large")
def survives_an_oversized_message(rig: Rig) -> None:
    route = rig.route(1)
    order = route.order(rig.header(Topic.ORDER), 0, 0, 1)
    huge = encode(_change(order, order_description="x" * (MAX_MESSAGE_BYTES + 4096)))
    rig.say(Topic.ORDER, huge)
    rig.never(lambda: rig.has(order), "it has taken it", WATCH_S)
    rig.ended(rig.instant(names.STATE_REQUEST), "FINISHED", seconds=PATIENCE_S)


@case("complains until the next order is accepted, and no longer")
def complains_until_the_next_order(rig: Rig) -> None:
    refused(rig, lambda: rig.say(Topic.ORDER, b"{}"), "VALIDATION_FAILURE")
    rig.never(lambda: "VALIDATION_FAILURE" not in rig.errors, "it has forgotten it", 2 * WATCH_S)
    order = rig.order(rig.route(0), 0, 0, 0)
    rig.taken(order)
    rig.until(lambda: "VALIDATION_FAILURE" not in rig.errors, "the error goes")


@case("stops when its order is cancelled, and keeps its name")
def stops_when_cancelled(rig: Rig) -> None:
    route = rig.route(3)
    order = rig.order(route, 0, 0, 3)
    rig.taken(order)
    rig.until(lambda: rig.state.driving or rig.last > 0, "it sets out", PATIENCE_S)
    action_id = rig.cancel(order.order_id)
    rig.ended(action_id, "FINISHED", seconds=PATIENCE_S)
    if rig.state.driving or rig.state.node_states or rig.state.edge_states:
        raise CaseFailed(f"it says that it has cancelled and has not; {rig.summary()}")
    if rig.state.order_id != order.order_id:
        raise CaseFailed(f"it has not kept the orderId; {rig.summary()}")
    last = rig.last
    rig.never(lambda: rig.last > last + 1, "it drives on", 2 * WATCH_S)


@case("refuses updates of an order that was cancelled")
def refuses_an_update_after_the_cancel(rig: Rig) -> None:
    route, order = standing(rig)
    rig.ended(rig.cancel(order.order_id), "FINISHED", seconds=PATIENCE_S)
    refused(rig, lambda: rig.order(route, 1, 0, 1), "ORDER_UPDATE_FOLLOWING_CANCEL")


@case("has nothing to cancel when it is idle, and says so")
def refuses_to_cancel_nothing(rig: Rig) -> None:
    rig.taken(rig.order(rig.route(0), 0, 0, 0))
    rig.ended(rig.cancel(rig.state.order_id), "FAILED")
    rig.until(lambda: names.NO_ORDER_TO_CANCEL in rig.errors, "no error NO_ORDER_TO_CANCEL")


@case("stands while it is paused, and then goes on")
def pauses(rig: Rig) -> None:
    route = rig.route(8)
    rig.taken(rig.order(route, 0, 0, 8))
    rig.until(lambda: rig.state.driving, "it sets out", PATIENCE_S)
    rig.ended(rig.instant(names.START_PAUSE), "FINISHED", seconds=PATIENCE_S)
    if not rig.state.paused or rig.state.driving:
        raise CaseFailed(f"it says that it is paused and is not; {rig.summary()}")
    last = rig.last
    if last == 8:
        raise CaseFailed("it has driven all eight cells before it was paused")
    rig.never(lambda: rig.last != last or rig.state.driving, "it moves", 2 * WATCH_S)
    rig.ended(rig.instant(names.STOP_PAUSE), "FINISHED")
    rig.until(lambda: not rig.state.paused, "it is not paused any more")
    rig.until(lambda: rig.last > last, "it goes on", PATIENCE_S)


@case("refuses instant actions that it cannot do")
def refuses_an_unknown_instant_action(rig: Rig) -> None:
    rig.ended(rig.instant("no-such-action"), "FAILED")
    rig.until(lambda: "INVALID_INSTANT_ACTION" in rig.errors, "no error INVALID_INSTANT_ACTION")


@case("keeps its order over a lost link, and goes on")
def keeps_its_order_over_a_lost_link(rig: Rig) -> None:
    rig.need_own_link()
    route = rig.route(3)
    order = rig.order(route, 0, 0, 3)
    rig.taken(order)
    rig.cut()
    rig.pass_time(2.0)
    rig.connect()
    n_said = len(rig.said)
    rig.until(lambda: len(rig.said) > n_said, "it comes back", PATIENCE_S)
    rig.until(lambda: rig.is_online, "connection ONLINE")
    if rig.state.order_id != order.order_id:
        raise CaseFailed(f"it has lost its order; {rig.summary()}")
    rig.until(lambda: rig.last == 3, "it goes on", 3 * PATIENCE_S)

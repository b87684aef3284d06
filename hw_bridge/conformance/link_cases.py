"""What makes a unit safe over a lossy link, beyond VDA 5050 (docs/decisions/0005-the-link.md), and
what is looked at in all that it has said."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hw_bridge.conformance.cases import WATCH_S, case, refused, standing
from hw_bridge.conformance.rig import ANSWER_S, PATIENCE_S, CaseFailed, CaseSkipped, Rig
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.base import Message, encode
from hw_bridge.vda5050.rules import message_faults
from hw_bridge.wire.frames import Topic

DEADMAN_S = 1.5
FAR = 16
"""Cells that no unit drives before it has noticed that nobody speaks to it, and has stopped."""
SHOWN = 3


@case("does not take an order that comes after its cancel")
def refuses_what_was_cancelled_before_it_came(rig: Rig) -> None:
    rig.need_extras()
    route = rig.route(1)
    action_id = rig.cancel(str(route.name))
    rig.ended(action_id, "FAILED", "FINISHED")
    if rig.link.tombstone < route.name.number:
        raise CaseFailed(f"its tombstone is {rig.link.tombstone}, not {route.name.number}")
    order = rig.order(route, 0, 0, 1)
    rig.never(lambda: rig.has(order) or rig.state.driving, "it has taken it", 2 * WATCH_S)


@case("ignores orders that are meant for another of its sessions")
def ignores_another_session(rig: Rig) -> None:
    rig.need_extras()
    route = rig.route(1)
    for session in (rig.link.session + 1, max(rig.link.session - 1, 0)):
        order = rig.order(route, 0, 0, 1, session=session)
        rig.never(lambda o=order: rig.has(o), "it has taken it", WATCH_S)  # type: ignore[misc]


@case("answers a later controller at once, and ignores the one before")
def ignores_an_older_epoch(rig: Rig) -> None:
    rig.need_extras()
    rig.epoch += 1
    rig.say(Topic.HELLO, b"")
    rig.until(lambda: rig.link.epoch == rig.epoch, "a state for the later controller", WATCH_S / 2)
    route = rig.route(1)
    order = rig.order(route, 0, 0, 1, epoch=rig.epoch - 1)
    rig.never(lambda: rig.has(order), "it has taken an order of the controller before", WATCH_S)
    pause = rig.instant(names.START_PAUSE, epoch=rig.epoch - 1)
    rig.never(lambda: bool(rig.status(pause)), "it obeys the controller before", WATCH_S)
    rig.say(Topic.ORDER, encode(order))
    rig.taken(order)


@case("takes a new order only at the step where it is")
def refuses_a_wrong_step(rig: Rig) -> None:
    rig.need_extras()
    rig.taken(rig.order(rig.route(0), 0, 0, 0))
    route = rig.route(1)
    wrong = names.OrderName(route.name.number, route.name.stand + 1)
    order = rig.route(1, cells=route.cells)
    order = type(order)(wrong, order.cells, order.floor, order.actions)
    refused(rig, lambda: rig.order(order, 0, 0, 1), "START_NODE_OUT_OF_RANGE")


@case("stops when it hears nothing, keeps its base, and goes on when it does")
def stops_when_nobody_is_heard(rig: Rig) -> None:
    rig.need_extras()
    rig.need_own_link()
    route = rig.route(FAR)
    order = rig.order(route, 0, 0, FAR)
    rig.taken(order)
    rig.is_quiet = True
    rig.pass_time(DEADMAN_S + 0.2)
    rig.until(lambda: not rig.state.driving, "it stops", PATIENCE_S)
    last = rig.last
    rig.never(lambda: rig.state.driving or rig.last != last, "it drives on", 3 * WATCH_S)
    if last == FAR:
        raise CaseFailed(f"it has driven all {FAR} cells of its order")
    if rig.link.base != FAR:
        raise CaseFailed(f"its base is {rig.link.base}, not {FAR} as it was")
    rig.is_quiet = False
    rig.until(lambda: rig.last > last, "it goes on", PATIENCE_S)


@case("says which cells it keeps when it gives its order up")
def says_what_it_keeps(rig: Rig) -> None:
    rig.need_extras()
    route = rig.route(4)
    order = rig.order(route, 0, 0, 4)
    rig.taken(order)
    rig.until(lambda: rig.state.driving, "it sets out", PATIENCE_S)
    rig.cancel(order.order_id)
    rig.until(lambda: rig.link.tombstone >= route.name.number, "its tombstone")
    rig.until(lambda: rig.link.stands, "it says that it stands", PATIENCE_S)
    if rig.state.driving:
        raise CaseFailed(f"it says that it stands and drives; {rig.summary()}")
    if not rig.last <= rig.link.base <= rig.last + 1:
        raise CaseFailed(f"at node {rig.last} of its order it keeps node {rig.link.base}")
    if rig.link.base > rig.last and rig.link.beyond != order.nodes[rig.link.base].node_id:
        raise CaseFailed(f"it stands between two nodes and names {rig.link.beyond or 'none'}")


@case("begins a new session when it is switched off and on, and has no order then")
def begins_a_session(rig: Rig) -> None:
    rig.need_extras()
    if rig.setup.reboot is None:
        raise CaseSkipped("nobody can switch it off and on; give a command with --reboot")
    _, order = standing(rig)
    session = rig.link.session
    rig.setup.reboot()
    rig.until(lambda: rig.link.session > session, "a greater session", 6 * PATIENCE_S)
    if rig.state.order_id or rig.state.node_states:
        raise CaseFailed(f"it has not forgotten its order; {rig.summary()}")
    rig.settle()
    rig.say(Topic.ORDER, encode(order), session=session)
    rig.never(lambda: rig.has(order), "it has taken an order of the session before", WATCH_S)


@case("counts what it sends, without gaps")
def counts_what_it_sends(rig: Rig) -> None:
    rig.need_extras()
    by_session: dict[int, list[int]] = {}
    for said in rig.said:
        by_session.setdefault(said.link.session, []).append(said.link.seq)
    for session, numbers in by_session.items():
        if any(after <= before for before, after in pairwise(numbers)):
            raise CaseFailed(f"its numbers do not rise in session {session}")


@case("numbers the messages of each topic from one to the next")
def numbers_its_headers(rig: Rig) -> None:
    for topic in (Topic.STATE, Topic.CONNECTION, Topic.FACTSHEET):
        messages = [s.message for s in rig.messages(topic) if isinstance(s.message, Message)]
        numbers = [message.header_id for message in messages]
        repeats = [n for n, count in Counter(numbers).items() if count > 1]
        if repeats and rig.setup.reboot is None:
            raise CaseFailed(f"headerId {repeats[0]} of {topic} comes twice")


@case("says nothing that VDA 5050 does not allow")
def is_well_formed(rig: Rig) -> None:
    faults: list[str] = []
    for said in rig.said:
        if isinstance(said.message, str):
            faults.append(f"{said.topic}: {said.message}")
        elif said.topic is not Topic.HELLO:
            faults += [f"{said.topic}: {fault}" for fault in message_faults(said.message)]
    if faults:
        distinct = list(dict.fromkeys(faults))
        raise CaseFailed(
            f"{len(faults)} faults in {len(rig.said)} messages: {'; '.join(distinct[:SHOWN])}"
        )


@case("goes on as before after all that")
def is_still_there(rig: Rig) -> None:
    rig.ended(rig.instant(names.STATE_REQUEST), "FINISHED", seconds=ANSWER_S)
    if rig.errors & {"BROKEN", "LOST_PLACE", "LOCALIZATION_ERROR"}:
        raise CaseFailed(f"it is in trouble; {rig.summary()}")

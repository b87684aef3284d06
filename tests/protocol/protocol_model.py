"""The release protocol as a small world: two units, one corridor, one controller, and a network
that remembers every message ever sent and may deliver any of them at any moment, any number of
times, in any order, or never. So loss, duplication, delay and reordering need no code of their own.

What is modelled: orders with a released base, cancels, sessions of units, epochs of the controller,
tombstones, the journal. Left out: acts, turning, more than two units, footprints, and progress:
this is about safety alone. `protocol_search` looks at every world that can come about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

OrderId = tuple[int, int]
"""(epoch, number), compared in that order."""
NO_ORDER: OrderId = (0, 0)
NOWHERE = -1
UNITS = (0, 1)


class Journal(Enum):
    BEFORE_SENDING = 1
    AFTER_SENDING = 2
    """The last release before a crash may be missing."""
    NONE = 3


@dataclass(frozen=True)
class Rules:
    """The rules of the protocol, each on its own switch. As they stand they are those in use.

    matches_session: messages of another session are void. fences_epoch: units refuse older epochs,
    and the controller does not listen to units that have not heard of its own. renews_epoch: a
    controller that starts again takes the next epoch, says hello, and releases nothing to a unit
    before its answer. waits_for_all: without a journal, nothing is released before all have
    answered. matches_order: progress counts only in the order that it was made in. has_tombstone: a
    cancel that arrives before its order voids it. absolute: orders say how far, not how many more.
    keeps_when_silent: a unit that is not heard of keeps its cells. keeps_until_cancelled: so does
    one that has not confirmed a cancel. keeps_tail: so does the cell that a unit is still leaving.
    cancels_by_cover: an order cancelled before it began frees no more than the unit leaves free.
    confirms_on_edge: a cancel may be confirmed between two cells, and then both stay held.
    tells_departure: units also speak between two cells. fence_survives: a reboot forgets no epoch.
    """

    journal: Journal = Journal.BEFORE_SENDING
    matches_session: bool = True
    fences_epoch: bool = True
    renews_epoch: bool = True
    waits_for_all: bool = True
    matches_order: bool = True
    has_tombstone: bool = True
    absolute: bool = True
    keeps_when_silent: bool = True
    keeps_until_cancelled: bool = True
    keeps_tail: bool = True
    cancels_by_cover: bool = True
    confirms_on_edge: bool = True
    tells_departure: bool = True
    fence_survives: bool = True


class Unit(NamedTuple):
    """A unit. route[done] is the cell reached last, route[base] the last released one; cell and
    ahead are where the body is, ahead being NOWHERE at a centre."""

    session: int
    epoch: int
    order: OrderId
    route: tuple[int, ...]
    done: int
    base: int
    is_cancelled: bool
    tombstone: OrderId
    cell: int
    ahead: int

    @property
    def body(self) -> set[int]:
        return {self.cell} if self.ahead == NOWHERE else {self.cell, self.ahead}

    @property
    def is_idle(self) -> bool:
        """Whether it may begin another order."""
        return self.ahead == NOWHERE and (self.is_cancelled or self.done == len(self.route) - 1)


class Record(NamedTuple):
    """What the controller holds to be true of a unit. It holds route[done .. released] for it.
    n_goals: how many of its goals it has been sent to."""

    session: int
    order: OrderId
    route: tuple[int, ...]
    done: int
    released: int
    is_cancelling: bool
    has_answered: bool
    n_goals: int

    @property
    def held(self) -> tuple[int, ...]:
        return self.route[self.done : self.released + 1]

    @property
    def is_idle(self) -> bool:
        return self.done == self.released == len(self.route) - 1 and not self.is_cancelling


UNKNOWN = Record(0, NO_ORDER, (), 0, -1, is_cancelling=False, has_answered=False, n_goals=0)


class Order(NamedTuple):
    """Drive the route, up to its cell number `base` for now."""

    unit: int
    session: int
    epoch: int
    order: OrderId
    route: tuple[int, ...]
    base: int


class Cancel(NamedTuple):
    unit: int
    session: int
    epoch: int
    order: OrderId


class Hello(NamedTuple):
    unit: int
    epoch: int


class State(NamedTuple):
    """All that a unit knows of itself."""

    unit: int
    says: Unit


Message = Order | Cancel | Hello | State


class Faults(NamedTuple):
    """How often each may still happen. silences: the link to a unit seems to be down."""

    cancels: int = 0
    reboots: int = 0
    crashes: int = 0
    silences: int = 0


class World(NamedTuple):
    is_up: bool
    epoch: int
    records: tuple[Record, Record]
    units: tuple[Unit, Unit]
    sent: frozenset[Message]
    faults: Faults


Move = tuple[str, World]
"""What happens, and the world after it."""


@dataclass(frozen=True)
class Corridor:
    """Cells 0, 1, 2, ... in a row. starts: cell of each unit. goals: where each goes, in turn."""

    starts: tuple[int, int]
    goals: tuple[tuple[int, ...], tuple[int, ...]]

    def world(self, faults: Faults) -> World:
        units = [Unit(0, 0, NO_ORDER, (c,), 0, 0, False, NO_ORDER, c, NOWHERE) for c in self.starts]
        records = [Record(0, NO_ORDER, (c,), 0, 0, False, True, 0) for c in self.starts]
        return World(True, 0, (*records,), (*units,), frozenset(), faults)


THREE_CELLS = Corridor((0, 2), ((1, 0), (1, 2)))
FOUR_CELLS = Corridor((0, 3), ((2, 0), (1, 3)))


def moves(world: World, corridor: Corridor, rules: Rules) -> Iterator[Move]:
    """Everything that can happen next."""
    if world.is_up:
        yield from _controller_moves(world, corridor, rules)
    else:
        yield from _restarts(world, rules)
    for message in world.sent:
        if isinstance(message, State):
            if world.is_up:
                yield from _hear(world, message.unit, message.says, rules)
        else:
            yield from _deliver(world, message, rules)
    for index in UNITS:
        yield from _unit_moves(world, index, rules)


# What the controller does of its own accord


def _controller_moves(world: World, corridor: Corridor, rules: Rules) -> Iterator[Move]:
    if world.faults.crashes:
        yield "the controller crashes", _spend(world, "crashes")._replace(is_up=False)
    if rules.waits_for_all and UNKNOWN in world.records:
        return
    for index, record in enumerate(world.records):
        if record.has_answered:
            yield from _issue(world, index, record, corridor)
            yield from _release(world, index, record, rules)
            if rules.renews_epoch:
                yield from _send_again(world, index, record)
        if world.faults.cancels and record.order != NO_ORDER:
            yield from _cancel(world, index, record, rules)
        if world.faults.silences and not rules.keeps_when_silent:
            yield from _give_up(world, index, record)


def _issue(world: World, index: int, record: Record, corridor: Corridor) -> Iterator[Move]:
    """The next order of an idle unit, of which nothing but its own cell is released yet."""
    goals, n_goals = corridor.goals[index], record.n_goals
    if record.is_idle and n_goals < len(goals) and goals[n_goals] != record.route[-1]:
        order = _next_order(world, record)
        route = _way(record.route[-1], goals[n_goals])
        after = Record(record.session, order, route, 0, 0, False, True, n_goals + 1)
        yield f"unit {index} gets order {order}", _record(world, index, after)


def _release(world: World, index: int, record: Record, rules: Rules) -> Iterator[Move]:
    """One more cell, if nobody else holds it."""
    can_go_on = record.released < len(record.route) - 1 and record.order != NO_ORDER
    if record.is_cancelling or not can_go_on:
        return
    cell = record.route[record.released + 1]
    if cell not in world.records[1 - index].held:
        after = record._replace(released=record.released + 1)
        told = _order(world, index, after)
        yield f"cell {cell} is released to unit {index}", _send(_record(world, index, after), told)


def _send_again(world: World, index: int, record: Record) -> Iterator[Move]:
    """In a new epoch or session, what was said before has to be said again."""
    if record.is_cancelling:
        told: Message = Cancel(index, record.session, world.epoch, record.order)
    elif record.released:
        told = _order(world, index, record)
    else:
        return
    yield f"unit {index} is told again", _send(world, told)


def _cancel(world: World, index: int, record: Record, rules: Rules) -> Iterator[Move]:
    if record.is_idle or record.is_cancelling:
        return
    told = Cancel(index, record.session, world.epoch, record.order)
    after = record._replace(is_cancelling=True)
    if not rules.keeps_until_cancelled:
        after = _cut(record, record.done)
    world = _spend(world, "cancels")
    yield f"unit {index} is cancelled", _send(_record(world, index, after), told)


def _give_up(world: World, index: int, record: Record) -> Iterator[Move]:
    if record.released > record.done:
        after = _record(_spend(world, "silences"), index, _cut(record, record.done))
        yield f"unit {index} is silent and loses its cells", after


def _restarts(world: World, rules: Rules) -> Iterator[Move]:
    if rules.journal is Journal.NONE:
        epoch = world.epoch + 1 if rules.fences_epoch else world.epoch
        yield "the controller starts empty", _greet(world, epoch, (UNKNOWN, UNKNOWN))
    elif rules.journal is Journal.BEFORE_SENDING:
        yield "the controller starts from its journal", _resume(world, rules)
    else:
        for index, record in enumerate(world.records):
            short = record._replace(released=max(record.done, record.released - 1))
            after = _resume(_record(world, index, short), rules)
            yield f"the journal misses the last release of unit {index}", after


def _resume(world: World, rules: Rules) -> World:
    if not rules.renews_epoch:
        return world._replace(is_up=True)
    first, second = (record._replace(has_answered=False) for record in world.records)
    return _greet(world, world.epoch + 1, (first, second))


def _greet(world: World, epoch: int, records: tuple[Record, Record]) -> World:
    sent = world.sent | {Hello(index, epoch) for index in UNITS}
    return world._replace(is_up=True, epoch=epoch, records=records, sent=sent)


# What units do with messages


def _deliver(world: World, message: Message, rules: Rules) -> Iterator[Move]:
    index = message.unit
    unit = world.units[index]
    if isinstance(message, Hello):
        if message.epoch >= unit.epoch:
            after = unit._replace(epoch=message.epoch)
            yield f"unit {index} answers epoch {message.epoch}", _tell(world, index, after)
        return
    if not _is_for(message, unit, rules):
        return
    if rules.fences_epoch:
        unit = unit._replace(epoch=max(unit.epoch, message.epoch))
    after_it = _ordered(unit, message, rules) if isinstance(message, Order) else None
    what = "accepts"
    if isinstance(message, Cancel):
        after_it, what = _cancelled(unit, message, rules), "cancels"
    if after_it is not None and after_it != world.units[index]:
        yield f"unit {index} {what} order {message.order}", _tell(world, index, after_it)


def _is_for(message: Order | Cancel, unit: Unit, rules: Rules) -> bool:
    is_session = message.session == unit.session or not rules.matches_session
    return is_session and (message.epoch >= unit.epoch or not rules.fences_epoch)


def _ordered(unit: Unit, message: Order, rules: Rules) -> Unit | None:
    """The unit with the order, or None where it refuses: the same order is only made longer, and a
    new one begins where the unit stands and is not void by a tombstone."""
    order, route, base = message.order, message.route, message.base
    if order == unit.order and not unit.is_cancelled and route == unit.route:
        longer = min(unit.base + 1, len(route) - 1)
        return unit._replace(base=max(unit.base, base) if rules.absolute else longer)
    is_void = rules.has_tombstone and order <= unit.tombstone
    begins_here = route[0] == unit.cell and (unit.is_idle or _goes_on(unit, route))
    if order > unit.order and begins_here and not is_void:
        base = base if rules.absolute else 1
        return unit._replace(order=order, route=route, done=0, base=base, is_cancelled=False)
    return None


def _goes_on(unit: Unit, route: tuple[int, ...]) -> bool:
    """A unit that forgot its steps between two cells may be sent on to the one ahead."""
    return unit.order == NO_ORDER and unit.ahead != NOWHERE and route[1:2] == (unit.ahead,)


def _cancelled(unit: Unit, message: Cancel, rules: Rules) -> Unit | None:
    """The unit gives up what it has not begun; of an order to come it keeps the tombstone."""
    tombstone = max(unit.tombstone, message.order)
    if message.order == unit.order and not unit.is_cancelled:
        kept = unit.done + (unit.ahead != NOWHERE)
        return unit._replace(base=kept, is_cancelled=True, tombstone=tombstone)
    if message.order > unit.order:
        # Without the rule it still answers, but does not remember.
        return unit._replace(tombstone=tombstone)
    return None


# What units do of their own accord


def _unit_moves(world: World, index: int, rules: Rules) -> Iterator[Move]:
    unit = world.units[index]
    if unit.ahead == NOWHERE and unit.done < min(unit.base, len(unit.route) - 1):
        after = unit._replace(ahead=unit.route[unit.done + 1])
        departed = (
            _tell(world, index, after) if rules.tells_departure else _unit(world, index, after)
        )
        yield f"unit {index} leaves {unit.cell} for {after.ahead}", departed
    if unit.ahead != NOWHERE and unit.order != NO_ORDER:
        done = unit.done + 1
        base = max(unit.base, done)
        after = unit._replace(done=done, base=base, cell=unit.ahead, ahead=NOWHERE)
        yield f"unit {index} reaches {after.cell}", _tell(world, index, after)
    if world.faults.reboots:
        epoch = unit.epoch if rules.fence_survives else 0
        after = Unit(
            unit.session + 1, epoch, NO_ORDER, (unit.cell,), 0, 0, False, NO_ORDER, unit.cell,
            unit.ahead,
        )  # fmt: skip
        yield f"unit {index} reboots", _tell(_spend(world, "reboots"), index, after)


# What the controller makes of what units say


def _hear(world: World, index: int, says: Unit, rules: Rules) -> Iterator[Move]:
    record = world.records[index]
    if rules.fences_epoch and says.epoch < world.epoch:
        return
    if rules.matches_session and says.session < record.session:
        return
    if record == UNKNOWN:
        after = _learnt(says)
    elif rules.matches_session and says.session > record.session:
        after = _rebooted(record, says)
        if rules.renews_epoch:
            after = after._replace(order=_next_order(world, record))
    elif rules.matches_order and says.order != record.order:
        after = _of_another_order(world, record, says, rules)
    else:
        after = _progressed(record, says, rules)
    if after != record:
        yield f"the controller hears unit {index} at {says.cell}", _record(world, index, after)


def _learnt(says: Unit) -> Record:
    """All that is known of the unit is what it says itself."""
    order = max(says.order, says.tombstone)
    if says.order == NO_ORDER:
        return _rebooted(UNKNOWN._replace(order=order, n_goals=order[1]), says)
    kept = max(says.base, says.done + (says.ahead != NOWHERE))
    route = says.route[: kept + 1] if says.is_cancelled else says.route
    return Record(says.session, order, route, says.done, kept, False, True, order[1])


def _rebooted(record: Record, says: Unit) -> Record:
    """It has forgotten its steps: it keeps what it covers."""
    route = (says.cell,) if says.ahead == NOWHERE else (says.cell, says.ahead)
    return Record(says.session, record.order, route, 0, len(route) - 1, False, True, record.n_goals)


def _of_another_order(world: World, record: Record, says: Unit, rules: Rules) -> Record:
    """The unit has not begun the order in hand. If it has been cancelled, that is confirmed by the
    tombstone; if it was sent in an older epoch, it is void, and goes out again under a new id."""
    if record.is_cancelling and says.tombstone >= record.order > says.order:
        if says.ahead == NOWHERE or not rules.cancels_by_cover:
            return _cut(record, record.done)
        return record
    if not record.has_answered and says.order < record.order:
        return record._replace(order=_next_order(world, record), has_answered=True)
    return record


def _progressed(record: Record, says: Unit, rules: Rules) -> Record:
    done = max(record.done, min(says.done, len(record.route) - 1))
    is_between = says.ahead != NOWHERE
    if not rules.keeps_tail and is_between:
        done = max(done, min(says.done + 1, len(record.route) - 1))
    after = record._replace(done=done, released=max(record.released, done), has_answered=True)
    is_confirmed = record.is_cancelling and says.is_cancelled and says.order == record.order
    if is_confirmed and (not is_between or rules.confirms_on_edge):
        return _cut(record._replace(done=says.done), says.done + is_between)
    return after


# Small changes of the world


def _cut(record: Record, kept: int) -> Record:
    """Nothing after the step `kept` will be done."""
    route = record.route[: kept + 1]
    return record._replace(route=route, released=kept, is_cancelling=False, has_answered=True)


def _next_order(world: World, record: Record) -> OrderId:
    epoch, number = record.order
    return (epoch, number + 1) if epoch == world.epoch else (world.epoch, 1)


def _order(world: World, index: int, record: Record) -> Order:
    session, order, route = record.session, record.order, record.route
    return Order(index, session, world.epoch, order, route, record.released)


def _record(world: World, index: int, record: Record) -> World:
    first, second = world.records
    return world._replace(records=(first, record) if index else (record, second))


def _unit(world: World, index: int, unit: Unit) -> World:
    first, second = world.units
    return world._replace(units=(first, unit) if index else (unit, second))


def _tell(world: World, index: int, unit: Unit) -> World:
    """The unit is so from now on, and says so."""
    return _send(_unit(world, index, unit), State(index, unit))


def _send(world: World, message: Message) -> World:
    return world._replace(sent=world.sent | {message})


def _spend(world: World, fault: str) -> World:
    left = getattr(world.faults, fault) - 1
    return world._replace(faults=world.faults._replace(**{fault: left}))


def _way(start: int, goal: int) -> tuple[int, ...]:
    step = 1 if goal >= start else -1
    return tuple(range(start, goal + step, step))


# What must hold


def has_collided(world: World) -> bool:
    """Whether two bodies are in one cell."""
    return bool(world.units[0].body & world.units[1].body)


def broken_invariant(world: World, rules: Rules) -> str:
    """Why the invariant does not hold, or "": held sets are disjoint, and hold for each unit its
    body, what is released to it, and what orders under way could still release to it."""
    both = set(world.records[0].held) & set(world.records[1].held)
    if both:
        return f"both units hold {sorted(both)}"
    for index, unit in enumerate(world.units):
        may = unit.body | set(unit.route[unit.done : unit.base + 1])
        for message in world.sent:
            if isinstance(message, Order) and message.unit == index:
                may |= _acceptable(unit, message, rules)
        outside = may - set(world.records[index].held)
        if outside:
            return f"unit {index} may enter {sorted(outside)}, which it does not hold"
    return ""


def _acceptable(unit: Unit, message: Order, rules: Rules) -> set[int]:
    """Cells that the message could still release to the unit, now or after its order is over."""
    if not _is_for(message, unit, rules):
        return set()
    if message.order == unit.order and not unit.is_cancelled:
        return set(message.route[unit.done : message.base + 1])
    if message.order > max(unit.order, unit.tombstone):
        return set(message.route[: message.base + 1])
    return set()

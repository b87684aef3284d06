"""Whose each cell is, by what passes on the wire alone: no cell is two units' at once.

A unit holds the steps that it has been released and has not said to have left, of the order that it
says it has, and of those that are on their way and that it would still take (docs/decisions/0005).
One that has given its order up, or was switched on, holds what it covers. All of this is read off
orders and states as they pass the proxy. What the controller knows it knows from these states, and
later; so a cell that is still held here cannot have been freed there, and nobody else may be given
it. The rules are written down here once more, in their own words, and share no code with those who
keep them.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from gridfleet.torture.oracle import Violation
from hw_bridge.chaos.fate import Way
from hw_bridge.vda5050.names import cell_of, order_named
from hw_bridge.wire.frames import Link, Topic, unpack_link
from layouts import Layout

GRACE_S = 0.5
"""When bodies are looked for, a cell counts as held so long after it was left, by the emulator's
clock: a state is a moment old when it is sent."""
_ON_ORDER, _ON_STATE = str(Topic.ORDER).encode(), str(Topic.STATE).encode()
_DRIVING = ("AUTOMATIC", "SEMIAUTOMATIC")


class _Part(msgspec.Struct, rename="camel"):
    """As much of a message as is looked at here."""


class _Node(_Part):
    node_id: str
    sequence_id: int
    released: bool


class _Order(_Part):
    order_id: str
    nodes: list[_Node]


class _Position(_Part):
    x: float
    y: float
    localized: bool


class _State(_Part):
    order_id: str
    last_node_id: str
    operating_mode: str
    mobile_robot_position: _Position | None = None


_order = msgspec.json.Decoder(_Order).decode
_state = msgspec.json.Decoder(_State).decode


@dataclass(slots=True)
class _Sent:
    """An order as it was sent. session, epoch: of its header. cells: by step."""

    session: int
    epoch: int
    cells: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Unit:
    """What a unit said last, and the orders sent to it, by number. covered: cells. cleared, base:
    steps of the order `number`."""

    covered: frozenset[int]
    session: int = 0
    seq: int = 0
    epoch: int = 0
    tombstone: int = 0
    number: int = 0
    cleared: int = 0
    base: int = -1
    stands: bool = False
    orders: dict[int, _Sent] = field(default_factory=dict)
    held: frozenset[int] = frozenset()
    left_s: dict[int, float] = field(default_factory=dict)
    """When cells that it does not hold any more were last its own."""

    def cells(self) -> frozenset[int]:
        """All that it holds."""
        held = {cell for number in self.orders for cell in self._of_order(number)}
        if self.number not in self.orders or self.stands:
            held |= self.covered
        return frozenset(held)

    def of_steps(self) -> frozenset[int]:
        """Cells that one covers which does not know where it is, and stands: of the steps that it
        has not left and may have done, which it still knows. None where it has no order."""
        if not self.stands or self.number not in self.orders:
            return frozenset()
        return frozenset(self._not_left(self.base))

    def _of_order(self, number: int) -> set[int]:
        sent = self.orders[number]
        if number != self.number:
            may_come = number > max(self.number, self.tombstone) and sent.epoch >= self.epoch
            return set(sent.cells.values()) if may_come and sent.session == self.session else set()
        if self.stands:
            return set()
        return self._not_left(
            self.base if number <= self.tombstone else max(sent.cells, default=-1)
        )

    def _not_left(self, last: int) -> set[int]:
        """Cells of the order that it has, of the steps that it has not left, up to that one."""
        steps = self.orders[self.number].cells.items()
        return {cell for step, cell in steps if self.cleared <= step <= last}


class Holdings:
    """units: serials, in the order of `cells`, where they stand at the start."""

    def __init__(self, layout: Layout, units: list[str], cells: tuple[int, ...]) -> None:
        self._layout = layout
        self._units = {
            serial: _Unit(frozenset({cell}), held=frozenset({cell}))
            for serial, cell in zip(units, cells, strict=True)
        }
        self._serials = units
        self._heard: deque[tuple[str, list[bytes]]] = deque()
        self._told: set[tuple[str, str, int]] = set()
        self._strayed: set[tuple[str, int]] = set()
        self.violations: list[Violation] = []

    def tap(self, serial: str, _: Way, frames: list[bytes]) -> None:
        """What passes the proxy; called from its thread."""
        if frames[0] in (_ON_ORDER, _ON_STATE):
            self._heard.append((serial, frames))

    def take(self, now_s: float) -> None:
        """Book what has passed, in the order in which it did."""
        while self._heard:
            serial, (topic, header, payload) = self._heard.popleft()
            unit, link = self._units[serial], unpack_link(header)
            if topic == _ON_ORDER:
                self._book_order(unit, link, _order(payload))
            elif (link.session, link.seq) > (unit.session, unit.seq):
                self._book_state(unit, link, _state(payload))
            now = unit.cells()
            unit.left_s.update(dict.fromkeys(unit.held - now, link.sent_ns * 1e-9))
            unit.held = now
            if topic == _ON_ORDER:
                self._check(serial, now_s)

    def _book_order(self, unit: _Unit, link: Link, order: _Order) -> None:
        name = order_named(order.order_id)
        assert name is not None, order.order_id
        sent = unit.orders.setdefault(name.number, _Sent(link.session, link.epoch))
        sent.session, sent.epoch = link.session, link.epoch
        for node in order.nodes:
            if node.released:
                sent.cells[name.stand + node.sequence_id // 2] = self._cell(node.node_id)

    def _book_state(self, unit: _Unit, link: Link, state: _State) -> None:
        covered = self._covered(link, state)
        is_new_life = link.session != unit.session
        if is_new_life and unit.session and not covered:
            return  # it does not know yet where it is: what it held before is held
        name = order_named(state.order_id) if state.order_id else None
        unit.session, unit.seq, unit.epoch = link.session, link.seq, link.epoch
        unit.tombstone, unit.stands = link.tombstone, link.stands
        unit.number = name.number if name is not None else 0
        stand = name.stand if name is not None else 0
        unit.cleared, unit.base = stand + link.cleared, stand + link.base
        unit.covered = covered or unit.of_steps() or unit.covered
        for number in [n for n in unit.orders if n < unit.number]:
            del unit.orders[number]

    def _covered(self, link: Link, state: _State) -> frozenset[int]:
        """Cells that it is on by its own word; none where it does not know."""
        position = state.mobile_robot_position
        is_lost = position is not None and not position.localized
        if is_lost or state.operating_mode not in _DRIVING:
            return frozenset()
        if state.last_node_id:
            cell = self._cell(state.last_node_id)
        elif position is not None:
            cell = self._layout.cell_at(position.x, position.y)
        else:
            return frozenset()
        return frozenset({cell, self._cell(link.beyond)} if link.beyond else {cell})

    def _cell(self, name: str) -> int:
        return cell_of(name, self._layout.n_rows, self._layout.n_cols)

    def _check(self, serial: str, now_s: float) -> None:
        """Nothing that was just released to the unit is another's."""
        mine = self._units[serial].held
        for other, unit in self._units.items():
            if other == serial:
                continue
            for cell in mine & unit.held:
                key = (*sorted((serial, other)), cell)
                if key not in self._told:
                    self._told.add(key)  # type: ignore[arg-type]
                    what = (
                        f"{self._layout.place(cell)} is released to {serial} while {other} holds it"
                    )
                    self.violations.append(Violation(now_s, "held", what))

    def look(self, unit: int, cells: set[int], time_s: float) -> None:
        """The body of that unit was on these cells at that time of the emulator; all that passed
        until then has been taken."""
        serial = self._serials[unit]
        one = self._units[serial]
        for cell in cells - one.held:
            is_fresh = time_s < one.left_s.get(cell, -math.inf) + GRACE_S
            if not is_fresh and (serial, cell) not in self._strayed:
                self._strayed.add((serial, cell))
                what = f"{serial} is on {self._layout.place(cell)}, which is not released to it"
                self.violations.append(Violation(time_s, "held", what))

    def held_by(self, serial: str) -> frozenset[int]:
        """Cells of that unit."""
        return self._units[serial].held

    def say(self) -> Iterator[str]:
        """Who holds what, for whoever looks into a case."""
        for serial, unit in self._units.items():
            yield f"{serial}: {', '.join(self._layout.place(cell) for cell in sorted(unit.held))}"

"""Was every line done once, and every task by one unit to its end? Told from the event log alone.

The events of a run are replayed in books that know only what a log may say: who may follow whom.
Nothing of the code under test is used. `faults_of` returns one sentence for every contradiction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from fleet_control.events import EventKind

UNKNOWN = -1


class Row(NamedTuple):
    time_s: float
    kind: EventKind
    unit: int
    task: int
    pod: int
    station: int
    order: int
    line: int
    cell: int
    value: float


def rows_in(events: Mapping[str, np.ndarray]) -> Iterable[Row]:
    columns = [events[name].tolist() for name in Row._fields]
    columns[1] = [EventKind(kind) for kind in columns[1]]
    return (Row(*values) for values in zip(*columns, strict=True))


def faults_of(
    events: Mapping[str, np.ndarray],
    line_order: Iterable[int] | None = None,
    line_quantity: Iterable[int] | None = None,
    *,
    is_finished: bool = True,
) -> list[str]:
    """Contradictions in the log of a fulfilment or sortation run.

    line_order, line_quantity: of every order line of the run; None: lines are parcels, each an
    order of one. is_finished: nothing may be left undone.
    """
    lines = None
    if line_order is not None and line_quantity is not None:
        lines = list(zip(map(int, line_order), map(int, line_quantity), strict=True))
    units, orders = UnitBooks(), OrderBooks(lines)
    for row in rows_in(events):
        units.enter(row)
        orders.enter(row)
    if is_finished:
        units.close()
        orders.close()
    return units.faults + orders.faults


class UnitBooks:
    """Tasks, errands and pods: a task is opened once, assigned, perhaps returned and assigned
    again, and done once by the unit that has it."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.things: dict[int, tuple[int, int]] = {}  # task -> pod, first station
        self.open: set[int] = set()
        self.unit_of: dict[int, int] = {}
        self.task_of: dict[int, int] = {}
        self.done: set[int] = set()
        self.errand_of: dict[int, tuple[int, int]] = {}
        self.carries: dict[int, int] = {}
        self.stands_on: dict[int, int] = {}
        self.at_station: dict[int, int] = {}

    def enter(self, row: Row) -> None:
        enter = getattr(self, "on_" + row.kind.name.lower(), None)
        if enter is not None:
            enter(row)

    def need(self, is_so: bool, row: Row, words: str) -> None:
        if not is_so:
            self.faults.append(f"{words}: {row}")

    def has_task(self, row: Row) -> bool:
        return self.task_of.get(row.unit, UNKNOWN) == row.task >= 0

    def on_task_opened(self, row: Row) -> None:
        self.need(row.task == len(self.things), row, "opened again or out of turn")
        self.things[row.task] = (row.pod, row.station)
        self.open.add(row.task)

    def on_task_assigned(self, row: Row) -> None:
        self.need(row.task in self.open, row, "assigned but not open")
        self.need(row.unit not in self.task_of, row, "the unit has another task")
        self.need((row.pod, row.station) == self.things.get(row.task), row, "another pod")
        self.open.discard(row.task)
        self.task_of[row.unit], self.unit_of[row.task] = row.task, row.unit

    def on_task_returned(self, row: Row) -> None:
        self.need(self.has_task(row), row, "returned by a unit that does not have it")
        self.need(row.unit not in self.carries, row, "returned with the pod on the unit")
        self.need((row.pod, row.station) == self.things.get(row.task), row, "another pod")
        errand = self.errand_of.pop(row.unit, None)
        self.need(errand == (row.task, row.cell), row, "not the errand that it was on")
        self.task_of.pop(row.unit, None)
        self.unit_of.pop(row.task, None)
        self.open.add(row.task)

    def on_task_done(self, row: Row) -> None:
        self.need(self.has_task(row), row, "done by a unit that does not have it")
        self.need(row.task not in self.done, row, "done twice")
        self.need(row.unit not in self.carries, row, "done with the pod on the unit")
        self.need(row.unit not in self.errand_of, row, "done with an errand open")
        self.done.add(row.task)
        self.task_of.pop(row.unit, None)

    def on_errand_started(self, row: Row) -> None:
        self.need(self.has_task(row), row, "an errand for a task of another")
        if row.unit in self.errand_of:
            self.need(row.value == UNKNOWN, row, "the errand before is not over")
        self.need(row.pod == self.carries.get(row.unit, -1), row, "does not carry that")
        self.errand_of[row.unit] = (row.task, row.cell)

    def on_errand_done(self, row: Row) -> None:
        errand = self.errand_of.pop(row.unit, None)
        self.need(errand == (row.task, row.cell), row, f"was on the errand {errand}")

    def on_pod_lifted(self, row: Row) -> None:
        self.need(row.unit not in self.carries, row, "carries a pod already")
        self.need(row.pod not in self.carries.values(), row, "is carried already")
        self.need(self.stands_on.pop(row.pod, row.cell) == row.cell, row, "stood elsewhere")
        task = self.task_of.get(row.unit, UNKNOWN)
        self.need(self.things.get(task, (UNKNOWN, 0))[0] == row.pod, row, "not for its task")
        self.carries[row.unit] = row.pod

    def on_pod_presented(self, row: Row) -> None:
        self.need(self.has_task(row), row, "not its task")
        self.need(self.carries.get(row.unit) == row.pod, row, "does not carry the pod")
        self.need(row.station not in self.at_station.values(), row, "another is there")
        self.at_station[row.unit] = row.station

    def on_pod_served(self, row: Row) -> None:
        self.need(self.at_station.pop(row.unit, UNKNOWN) == row.station, row, "is not there")

    def on_pod_stored(self, row: Row) -> None:
        self.need(self.carries.pop(row.unit, UNKNOWN) == row.pod, row, "did not carry it")
        self.need(row.cell not in self.stands_on.values(), row, "another pod stands there")
        self.stands_on[row.pod] = row.cell

    def close(self) -> None:
        if self.done != set(self.things):
            self.faults.append(f"tasks not done: {sorted(set(self.things) - self.done)}")
        for name in ("open", "task_of", "errand_of", "carries", "at_station"):
            if getattr(self, name):
                self.faults.append(f"left over in {name}: {getattr(self, name)}")


class OrderBooks:
    """Orders and their lines: placed, assigned, each line done or short by its quantity, done."""

    def __init__(self, lines: list[tuple[int, int]] | None) -> None:
        self.faults: list[str] = []
        self.lines = lines
        self.n_left = None if lines is None else Counter(order for order, _ in lines)
        self.placed: set[int] = set()
        self.station_of: dict[int, int] = {}
        self.covered: Counter[int] = Counter()
        self.seen: set[tuple[EventKind, int]] = set()
        self.done: set[int] = set()

    def enter(self, row: Row) -> None:
        if row.kind is EventKind.ORDER_PLACED:
            self.need(row.order not in self.placed, row, "placed twice")
            self.placed.add(row.order)
        elif row.kind is EventKind.ORDER_ASSIGNED:
            self.need(row.order in self.placed, row, "never placed")
            self.need(row.order not in self.station_of, row, "assigned twice")
            self.station_of[row.order] = row.station
        elif row.kind in (EventKind.LINE_DONE, EventKind.RETURN_DONE, EventKind.LINE_SHORT):
            self.enter_line(row)
        elif row.kind is EventKind.ORDER_DONE:
            self.need(row.order not in self.done, row, "done twice")
            self.need(row.order in self.station_of, row, "never assigned")
            left = self.left(row.order)
            self.need(left == 0, row, f"{left} lines are left")
            self.done.add(row.order)

    def need(self, is_so: bool, row: Row, words: str) -> None:
        if not is_so:
            self.faults.append(f"{words}: {row}")

    def left(self, order: int) -> int:
        if self.n_left is None:
            return 1 - self.covered[order]
        return self.n_left[order]

    def enter_line(self, row: Row) -> None:
        order, quantity = (row.line, 1) if self.lines is None else self.lines[row.line]
        self.need((row.kind, row.line) not in self.seen, row, "twice")
        self.seen.add((row.kind, row.line))
        self.need(order == row.order, row, "line of another order")
        self.need((row.kind is EventKind.RETURN_DONE) == (quantity < 0), row, "not of that kind")
        if self.lines is not None:
            self.need(self.station_of.get(order) == row.station, row, "not where its order is")
        self.need(order not in self.done, row, "after its order")
        self.need(row.value > 0, row, "no units")
        self.covered[row.line] += int(row.value)
        self.need(self.covered[row.line] <= abs(quantity), row, f"more than {quantity}")
        if row.kind is not EventKind.LINE_SHORT:
            self.need(self.covered[row.line] == abs(quantity), row, f"less than {quantity}")
        if self.n_left is not None and self.covered[row.line] == abs(quantity):
            self.n_left[order] -= 1

    def close(self) -> None:
        if self.done != self.placed:
            self.faults.append(f"orders not done: {sorted(self.placed - self.done)}")
        for line, (_, quantity) in enumerate(self.lines or []):
            if self.covered[line] != abs(quantity):
                self.faults.append(f"line {line}: {self.covered[line]} of {quantity}")

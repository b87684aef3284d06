"""Tasks of a result: what was open when, who was on what, and which errands were done."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

from gridfleet.bench.lorr.check_paths import Drive
from gridfleet.bench.lorr.problem import LeagueProblem


def _tell_difference(name: str, claimed: list[Any], right: list[Any], faults: list[str]) -> None:
    """A fault for the first entry in which the two differ."""
    for place, (one, two) in enumerate(zip(claimed, right, strict=False)):
        if one != two:
            faults.append(f"{name}: entry {place} is {one}; it must be {two}")
            return
    if len(claimed) > len(right):
        faults.append(f"{name}: {claimed[len(right)]} and what follows did not happen")
    elif len(right) > len(claimed):
        faults.append(f"{name}: {right[len(claimed)]} and what follows is missing")


# ---------------------------------------------------------------------- 2023


def _queues(problem: LeagueProblem) -> Iterator[Any]:
    """For each unit, places in the file of its tasks; one iterator for all where they share it."""
    n_tasks, n_units = len(problem.tasks), problem.n_units
    if problem.strategy == "greedy":
        shared = iter(range(n_tasks))
        yield from (shared for _ in range(n_units))
        return
    for unit in range(n_units):
        yield _round(unit, n_units, n_tasks, problem.strategy == "roundrobin")


def _round(unit: int, n_units: int, n_tasks: int, wraps: bool) -> Iterator[int]:
    place = unit
    while wraps or place < n_tasks:
        yield place % n_tasks
        place += n_units


def check_given(
    table: dict[str, Any], problem: LeagueProblem, driven: Drive, faults: list[str]
) -> tuple[int, int]:
    """Edition of 2023. Returns how many tasks were finished, and events."""
    cells, offsets = problem.tasks.cells, problem.tasks.offsets
    queues = list(_queues(problem))
    events: list[list[list[Any]]] = [[] for _ in queues]
    tasks: list[list[int]] = []
    current: list[tuple[int, int] | None] = [None] * len(queues)

    def assign(unit: int, step: int) -> None:
        index = next(queues[unit], None)
        current[unit] = None
        if index is not None:
            cell = int(cells[offsets[index]])
            current[unit] = (len(tasks), cell)
            events[unit].append([len(tasks), step, "assigned"])
            tasks.append([len(tasks), *divmod(cell, problem.floor.n_cols)])

    for unit in range(len(queues)):
        assign(unit, 0)
    n_finished = 0
    for step, at in enumerate(driven.cells[1:], start=1):
        done = [
            unit for unit, task in enumerate(current) if task is not None and task[1] == at[unit]
        ]
        for unit in done:
            task = current[unit]
            assert task is not None
            events[unit].append([task[0], step, "finished"])
            n_finished += 1
        for unit in done:
            assign(unit, step)
    for unit, (claimed, right) in enumerate(zip(table["events"], events, strict=False)):
        _tell_difference(f"events of agent {unit}", _sorted(claimed), _sorted(right), faults)
    if len(table["events"]) != len(events):
        faults.append(f"events: of {len(table['events'])} agents, not {len(events)}")
    _tell_difference("tasks", table["tasks"], tasks, faults)
    return n_finished, sum(map(len, events))


def _sorted(events: list[list[Any]]) -> list[list[Any]]:
    return sorted(events, key=lambda event: (event[1], event[0], event[2]))


# ---------------------------------------------------------------------- 2024, 2026


def _changes(table: dict[str, Any], n_units: int, faults: list[str]) -> dict[int, dict[int, int]]:
    """By step: task of each unit whose schedule changes then."""
    found: dict[int, dict[int, int]] = {}
    if len(table["actualSchedule"]) != n_units:
        faults.append(f"actualSchedule: of {len(table['actualSchedule'])} agents, not {n_units}")
    for unit, text in enumerate(table["actualSchedule"][:n_units]):
        for entry in text.split(",") if text else []:
            step, _, task = entry.partition(":")
            found.setdefault(int(step), {})[unit] = int(task)
    return found


class _Pool:
    """The open tasks, by id; each with the errands that are left."""

    def __init__(self, problem: LeagueProblem) -> None:
        self.problem = problem
        self.n_open = int(problem.reveal * problem.n_units)
        self.left: dict[int, deque[int]] = {}
        self.n_errands: dict[int, int] = {}
        self.rows: list[list[Any]] = []
        self.owner: dict[int, int] = {}
        self.task_of: dict[int, int] = {}

    def fill(self, step: int) -> None:
        while len(self.left) < self.n_open:
            task = len(self.rows)
            errands = self.problem.tasks.errands(task % len(self.problem.tasks)).tolist()
            self.left[task] = deque(errands)
            self.n_errands[task] = len(errands)
            places = [part for cell in errands for part in divmod(cell, self.problem.floor.n_cols)]
            self.rows.append([task, step, places])

    def is_begun(self, task: int) -> bool:
        return len(self.left[task]) < self.n_errands[task]

    def change(self, step: int, changes: dict[int, int], faults: list[str]) -> None:
        """Take the schedule of this step; what breaks a rule is a fault and is left out."""
        place = f"actualSchedule, step {step}"
        given = Counter(changes.values())
        for unit, task in changes.items():
            before = self.task_of.get(unit, -1)
            if before >= 0 and before != task and before in self.left and self.is_begun(before):
                faults.append(f"{place}: agent {unit} drops task {before}, which it has begun")
            if task >= 0 and task not in self.left:
                faults.append(f"{place}: agent {unit} gets task {task}, which is not open")
            holder = self.owner.get(task, unit)
            if task >= 0 and (given[task] > 1 or (holder != unit and holder not in changes)):
                faults.append(f"{place}: task {task} is given to two agents")
        for unit in changes:
            before = self.task_of.pop(unit, -1)
            if before >= 0:
                self.owner.pop(before, None)
        for unit, task in changes.items():
            if task in self.left:
                self.task_of[unit] = task
                self.owner[task] = unit

    def check(self, step: int, at: Any) -> Iterator[list[int]]:
        """Events of units that stand on their next errand."""
        for unit, task in sorted(self.task_of.items()):
            if self.left[task][0] != at[unit]:
                continue
            self.left[task].popleft()
            yield [step, unit, task, self.n_errands[task] - len(self.left[task])]
            if not self.left[task]:
                del self.left[task], self.task_of[unit], self.owner[task]


def check_pool(
    table: dict[str, Any], problem: LeagueProblem, driven: Drive, faults: list[str]
) -> tuple[int, int]:
    """Editions of 2024 and 2026. Returns how many tasks were finished, and events."""
    pool = _Pool(problem)
    pool.fill(0)
    changes = _changes(table, problem.n_units, faults)
    events: list[list[int]] = []
    n_finished = 0
    for step, at in enumerate(driven.cells[1:], start=1):
        if driven.late[step - 1] and problem.edition == 2024:
            if changes.pop(step - 1, None):
                faults.append(f"actualSchedule, step {step - 1}: changes in a timeout")
            continue
        pool.change(step - 1, changes.pop(step - 1, {}), faults)
        n_before = len(pool.left)
        events += pool.check(step, at)
        n_finished += n_before - len(pool.left)
        pool.fill(step)
    if changes:
        faults.append(
            f"actualSchedule: a change at step {max(changes)}, after the end of the paths"
        )
    _tell_difference("events", sorted(map(list, table["events"])), sorted(events), faults)
    _tell_difference("tasks", table["tasks"], pool.rows, faults)
    return n_finished, len(events)

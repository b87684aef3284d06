"""Safety of execution judged from outside, in plain Python.

The checker sees what was planned, released and reported, and works out from that alone which cells
each unit holds. It shares no code with the executor and knows nothing of tickets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from fleet_control.backend import Act, Releases, Reports


class BrokenError(AssertionError):
    """A property of safe execution does not hold."""


class Checker:
    """Steps of each unit from its start on, what it holds, and the order of visits per cell."""

    def __init__(self, starts: Iterable[int], base_length: int, label: str) -> None:
        self.base_length, self.label = base_length, label
        self.steps = [[(int(cell), int(Act.DRIVE))] for cell in starts]
        self.done = [0] * len(self.steps)
        self.cleared = [0] * len(self.steps)
        self.planned: dict[int, list[int]] = defaultdict(list)
        self.visited: dict[int, list[int]] = defaultdict(list)
        for unit, [(cell, _)] in enumerate(self.steps):
            self.planned[cell].append(unit)
            self.visited[cell].append(unit)

    def fail(self, what: str) -> None:
        raise BrokenError(f"{self.label}: {what}")

    def note_plan(self, before: np.ndarray, after: np.ndarray) -> None:
        """One planned step of all units."""
        for unit in np.flatnonzero(before != after).tolist():
            self.planned[int(after[unit])].append(unit)

    def note_cut(self) -> None:
        """All that is planned and not released is forgotten."""
        for cell in list(self.planned):
            self.planned[cell] = list(self.visited[cell])
        for unit, steps in enumerate(self.steps):
            for cell, act in steps[self.done[unit] + 1 :]:
                if act == Act.DRIVE:
                    self.planned[cell].append(unit)

    def note_retraction(self, unit: int, kept: int) -> None:
        """The unit says that it will never do the steps after that one. The plan was cut before."""
        if not self.done[unit] <= kept <= self.done[unit] + 1:
            self.fail(f"unit {unit} has done step {self.done[unit]} and keeps {kept}")
        del self.steps[unit][kept + 1 :]
        self.note_cut()

    def note_reports(self, reports: Reports) -> None:
        for unit, done, cleared in zip(
            reports.units.tolist(), reports.done.tolist(), reports.cleared.tolist(), strict=True
        ):
            if not self.done[unit] <= done < len(self.steps[unit]):
                self.fail(f"unit {unit} has done step {done}, which is not released")
            if not self.cleared[unit] <= cleared <= min(done + 1, len(self.steps[unit]) - 1):
                self.fail(f"unit {unit} has cleared step {cleared} with {done} done")
            for cell, act in self.steps[unit][self.done[unit] + 1 : done + 1]:
                if act == Act.DRIVE:
                    self._visit(unit, cell)
            self.done[unit], self.cleared[unit] = done, cleared

    def _visit(self, unit: int, cell: int) -> None:
        rank = len(self.visited[cell])
        self.visited[cell].append(unit)
        if self.planned[cell][: rank + 1][rank:] != [unit]:
            self.fail(f"visit {rank} of cell {cell} was planned for another unit than {unit}")

    def note_releases(self, releases: Releases) -> None:
        columns = (releases.units, releases.steps, releases.cells, releases.acts)
        for unit, step, cell, act in zip(*(column.tolist() for column in columns), strict=True):
            if step != len(self.steps[unit]):
                self.fail(f"unit {unit} is released step {step} out of turn")
            self.steps[unit].append((cell, act))
            if step - self.done[unit] > self.base_length:
                self.fail(f"unit {unit} is released {step - self.done[unit]} steps ahead")
        self.check_holdings()

    def held(self, unit: int) -> set[int]:
        """Cells that the unit may be on: everything released to it that it has not proved left."""
        return {cell for cell, _ in self.steps[unit][self.cleared[unit] :]}

    def check_holdings(self) -> None:
        """No cell is held twice."""
        holder: dict[int, int] = {}
        for unit in range(len(self.steps)):
            for cell in self.held(unit):
                if cell in holder:
                    self.fail(f"cell {cell} is held by units {holder[cell]} and {unit}")
                holder[cell] = unit

    def check_owners(self, owners: np.ndarray) -> None:
        """The executor's own table says the same: nothing freed without proof, nothing kept."""
        expected = np.full(len(owners), -1)
        for unit in range(len(self.steps)):
            expected[list(self.held(unit))] = unit
        wrong = np.flatnonzero(expected != owners)
        if len(wrong):
            cell = int(wrong[0])
            self.fail(f"cell {cell} belongs to {expected[cell]}, the table says {owners[cell]}")

    def check_body(self, unit: int, cells: Iterable[int]) -> None:
        """Where a body is, it holds the cells."""
        outside = set(cells) - self.held(unit)
        if outside:
            self.fail(f"unit {unit} is on cells {sorted(outside)} that it does not hold")

    @property
    def n_open(self) -> int:
        """Released steps that are not done."""
        return sum(len(steps) - 1 - done for steps, done in zip(self.steps, self.done, strict=True))

"""How many ways lead from a station into the floor that share no cell.

Ways are added one at a time along augmenting paths (Ford and Fulkerson 1956, Maximal Flow through a
Network) over a graph in which every cell is split into a side to come in and a side to go out, so
that one way uses it. The search starts at the station and ends at the first goal, so it stays near
the station however large the floor is; libraries build a graph of twice the floor per question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Side = tuple[int, bool]
"""A cell, and whether the way goes out of it."""
_START: Side = (-1, True)


@dataclass(slots=True)
class DisjointWays:
    """Ways from `starts` to goals, found one by one.

    starts: the cells that a way may begin with. beside: cells that a cell leads to, all of which a
    way may use. is_goal: whether a way may end on a cell.
    """

    starts: Sequence[int]
    beside: Callable[[int], Iterable[int]]
    is_goal: Callable[[int], bool]
    after: dict[int, int] = field(default_factory=dict)
    """The next cell on the way over each cell that is used."""
    before: dict[int, int] = field(default_factory=dict)
    """The cell before each used one, -1 at the start."""

    def add(self) -> bool:
        """Find one more way, if there is one; other ways may move aside for it."""
        came_from: dict[Side, Side] = {}
        goal = self._search([_START], came_from)
        if goal is None:
            return False
        self._use(goal, came_from)
        return True

    def shared(self) -> list[int]:
        """Cells that all ways have to use, in order from the start; [] unless one way was found and
        no more can be."""
        seen: dict[Side, Side] = {}
        shared: list[int] = []
        path = self._path()
        fresh = [_START]
        while self._search(fresh, seen) is None:
            last = max(i for i, cell in enumerate(path) if (cell, False) in seen)
            shared.append(path[last])
            fresh = [(path[last], True)]
        return shared

    def _path(self) -> list[int]:
        path = [cell for cell, previous in self.before.items() if previous < 0]
        while path[-1] in self.after:
            path.append(self.after[path[-1]])
        return path

    def _search(self, fresh: list[Side], came_from: dict[Side, Side]) -> Side | None:
        """Breadth first from `fresh` to the nearest goal, noting in `came_from` how; None if there
        is none."""
        came_from |= {side: side for side in fresh if side not in came_from}
        frontier = list(fresh)
        for side in frontier:
            cell, is_out = side
            if is_out and cell >= 0 and self.is_goal(cell):
                return side
            for following in self._following(cell, is_out):
                if following not in came_from:
                    came_from[following] = side
                    frontier.append(following)
        return None

    def _following(self, cell: int, is_out: bool) -> list[Side]:
        """Sides that a way may go on to, and those from which a way that is there may be moved."""
        if cell < 0:
            return [(start, False) for start in self.starts]
        if is_out:
            onward = [(there, False) for there in self.beside(cell)]
            return [*onward, (cell, False)] if cell in self.before else onward
        previous = self.before.get(cell)
        if previous is None:
            return [(cell, True)]
        return [(previous, True)] if previous >= 0 else []

    def _use(self, goal: Side, came_from: dict[Side, Side]) -> None:
        """Put the way to `goal` in place; where it runs against another one, the two swap ends."""
        sides = [goal]
        while sides[-1] != _START:
            sides.append(came_from[sides[-1]])
        steps = list(pairwise(reversed(sides)))
        for (cell, was_out), (there, is_out) in steps:
            if not was_out and is_out and there != cell:
                del self.after[there], self.before[cell]
        for (cell, was_out), (there, is_out) in steps:
            if was_out and not is_out and there != cell:
                self.before[there] = cell
                if cell >= 0:
                    self.after[cell] = there

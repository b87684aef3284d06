"""The oracle: judges a run from the outside, cycle by cycle, and says everything that is wrong.

It shares no code with the controller and none with the twin: it reads what really is (poses, loads,
pods), what the controller says that it holds, and what units could still do, and does its own
arithmetic on them (body_kernels). Of fleet_control it uses only the decorator that compiles
kernels, of layouts the Layout; a test watches over that.

Checked at every look:
    held sets are pairwise disjoint and are what the table of owners says
    bodies, released steps and orders under way lie within what their unit holds
    no two bodies overlap, none touches a standing pod while carrying one, none leaves the floor
    every pod is in exactly one place
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridfleet.torture import body_kernels as bodies
from gridfleet.torture.body_kernels import find_faults
from layouts import CellKind, Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

Ints = NDArray[np.int32]
MOST_FINDINGS = 64
"""At one look; a run with so many is wrong enough."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One moment of a run.

    What is: poses: float64[n_units, 3], x, y in metres and yaw in radians. carried: int32[n_units],
    pod or -1. is_there: bool[n_units], on the floor. is_expected: bool[n_units], False for a unit
    that appeared where nobody expects it and has not been admitted yet. pod_at: int32[n_cells], pod
    that stands there or -1.

    What the controller says: owners: int32[n_cells], unit that holds the cell or -1. held_units,
    held_cells: int32[k], the cells of the steps of each unit that it has not proved left.

    What could still happen: may_units, may_cells: int32[m], cells that units have been released, or
    will be by an order under way that they would still accept.

    rims: int32[n_cells], unit that may turn on that cell and reach into the rims of those beside
    it, or -1; None where turns stay within cells.
    """

    time_s: float
    poses: NDArray[np.float64]
    carried: Ints
    is_there: NDArray[np.bool_]
    is_expected: NDArray[np.bool_]
    pod_at: Ints
    owners: Ints
    held_units: Ints
    held_cells: Ints
    may_units: Ints
    may_cells: Ints
    rims: Ints | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """kind: "overlap", "held", "pods", "goods", "stuck" or "halted"."""

    time_s: float
    kind: str
    what: str

    def __str__(self) -> str:
        minutes, seconds = divmod(self.time_s, 60)
        return f"at {int(minutes)}:{seconds:04.1f}: {self.what}"


@dataclass(frozen=True, slots=True)
class BodySizes:
    """In metres: of the chassis, of a pod, of a cell, of the room between cells and walls.
    pod_turns: with its unit."""

    length_m: float
    width_m: float
    pod_side_m: float
    cell_size_m: float
    pod_turns: bool = False
    wall_gap_m: float = 0.0

    @property
    def rim_m(self) -> float:
        """How far a turn reaches beyond the cell."""
        diagonal_m = math.hypot(self.length_m, self.width_m)
        if self.pod_turns:
            diagonal_m = max(diagonal_m, math.hypot(self.pod_side_m, self.pod_side_m))
        return max(0.0, (diagonal_m - self.cell_size_m) / 2)


KINDS = {
    bodies.OVERLAP: "overlap",
    bodies.HITS_POD: "overlap",
    bodies.OUT_OF_BOUNDS: "overlap",
    bodies.NOT_HELD: "held",
    bodies.HELD_TWICE: "held",
    bodies.NOT_OWNED: "held",
    bodies.MAY_ENTER: "held",
    bodies.POD_LOST: "pods",
    bodies.POD_DOUBLED: "pods",
}


class Oracle:
    """Looks at scene after scene. A fault that goes on is told once, when it begins.

    violations: all so far, in the order of time.
    """

    def __init__(self, layout: Layout, sizes: BodySizes, n_units: int, n_pods: int) -> None:
        self._layout = layout
        no_floor = np.isin(layout.kinds, (CellKind.OBSTACLE, CellKind.HUMAN))
        self._solid = no_floor.astype(np.uint8)
        half = np.array([sizes.length_m, sizes.width_m, sizes.pod_side_m]) / 2
        room = [float(sizes.pod_turns), sizes.wall_gap_m, sizes.rim_m]
        self._sizes = np.array([*half, sizes.cell_size_m, *room])
        self._no_rims = np.full(layout.n_cells, -1, dtype=np.int32)
        self._holder = np.empty(layout.n_cells, dtype=np.int32)
        self._seen = np.empty(n_pods, dtype=np.int32)
        self._bodies = np.empty((n_units, 2, 4, 2))
        self._work = np.empty((3, 16, 2))
        self._rows = np.empty((MOST_FINDINGS, 3), dtype=np.int32)
        self._going_on: set[tuple[int, int, int]] = set()
        self.violations: list[Violation] = []

    def look(self, scene: Scene) -> None:
        """Add to the violations what has begun to be wrong."""
        n_found = find_faults(
            scene.poses, scene.carried, scene.is_there, scene.is_expected, scene.pod_at,
            scene.owners, scene.held_units, scene.held_cells, scene.may_units, scene.may_cells,
            self._no_rims if scene.rims is None else scene.rims,
            self._solid, self._layout.n_rows, self._layout.n_cols, self._sizes, self._holder,
            self._seen, self._bodies, self._work, self._rows,
        )  # fmt: skip
        if n_found or self._going_on:
            self._note(scene.time_s, n_found)

    def _note(self, time_s: float, n_found: int) -> None:
        found = dict.fromkeys((int(c), int(u), int(o)) for c, u, o in self._rows[:n_found])
        for finding in found:
            if finding not in self._going_on:
                kind = KINDS[finding[0]]
                self.violations.append(Violation(time_s, kind, self._say(*finding)))
        self._going_on = set(found)

    def _say(self, code: int, unit: int, other: int) -> str:
        place = self._layout.place(other) if 0 <= other < self._layout.n_cells else ""
        return {
            bodies.OVERLAP: f"units {other} and {unit} overlap",
            bodies.HITS_POD: f"unit {unit} carries a pod into pod {other}",
            bodies.OUT_OF_BOUNDS: f"unit {unit} is where no unit may be",
            bodies.NOT_HELD: f"unit {unit} is on {place}, which it does not hold",
            bodies.HELD_TWICE: f"unit {unit} holds {place} together with another unit",
            bodies.NOT_OWNED: f"unit {unit} has not proved that it left {place}, which is not its",
            bodies.MAY_ENTER: f"unit {unit} may enter {place}, which it does not hold",
            bodies.POD_LOST: f"pod {unit} is nowhere",
            bodies.POD_DOUBLED: f"pod {unit} is in {other} places",
        }[code]


@dataclass(frozen=True, slots=True)
class Wait:
    """A unit that does not move. goal: cell it heads for, or -1. wants: its next cell, or -1.
    holder: who holds that, or -1. why: what else is known, as a fault."""

    unit: int
    cell: int
    goal: int
    wants: int
    holder: int
    why: str = ""


def say_waits(layout: Layout, waits: list[Wait]) -> Iterator[str]:
    """Who waits for whom, a sentence each, then rings among them."""
    for wait in waits:
        told = f"unit {wait.unit} stands on {layout.place(wait.cell)}"
        if wait.goal >= 0:
            told += f", bound for {layout.place(wait.goal)}"
        if wait.holder >= 0 and wait.holder != wait.unit:
            told += f", and waits for unit {wait.holder} to leave {layout.place(wait.wants)}"
        yield told + (f" ({wait.why})" if wait.why else "")
    yield from _say_rings({w.unit: w.holder for w in waits if w.holder not in (-1, w.unit)})


def _say_rings(waits_for: dict[int, int]) -> Iterator[str]:
    told: set[int] = set()
    for unit in waits_for:
        ring: list[int] = []
        here = unit
        while here in waits_for and here not in ring and here not in told:
            ring.append(here)
            here = waits_for[here]
        if here in ring:
            ring = ring[ring.index(here) :]
            yield f"units {', '.join(map(str, ring))} wait for each other in a ring"
        told |= set(ring)

"""The world of a case: units and stations behind a link, and what can still happen in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Ints
from gridfleet.torture.case import Case
from gridfleet.torture.span_kernels import unroll
from gridfleet.torture.watched_people import WatchedPeople
from twin.kinematic.engine import KinematicTwin
from twin.linked import LinkedTwin
from twin.people import ServiceTimes

SERVICE = ServiceTimes(line_s=3.0)


class World:
    """backend: what the controller speaks to. twin: what really is. people: what they really do.
    strangers: units that stand where nobody expects them and have not been admitted yet."""

    def __init__(self, case: Case) -> None:
        self.people = WatchedPeople(case.layout, case.seed, SERVICE)
        headings = np.zeros(case.n_units, dtype=np.int8)
        self.twin = KinematicTwin(
            case.layout, case.unit_cells, headings, case.pod_cells, self.people, case.unit
        )
        self.backend = LinkedTwin(case.layout, self.twin, case.seed)
        self.strangers: set[int] = set()

    def drift(self, until_s: float) -> None:
        """Time passes, and no controller listens."""
        self.backend.advance_alone(until_s)

    def loads(self) -> Ints:
        """int32[n_units], pod that each unit carries or -1."""
        return self.twin.units["carried"].copy()

    def pod_at(self) -> Ints:
        """int32[n_cells], pod that stands there or -1."""
        return self.twin._pod_at

    def is_there(self) -> NDArray[np.bool_]:
        """bool[n_units], on the floor."""
        return ~self.twin.is_off

    def is_expected(self) -> NDArray[np.bool_]:
        """bool[n_units], all but strangers."""
        expected = np.ones(len(self.twin.units), dtype=bool)
        expected[list(self.strangers)] = False
        return expected

    def may_enter(self) -> tuple[Ints, Ints]:
        """Units and cells, int32[k] each: cells that units have been released and not reached, or
        will be by an order under way that they would still accept."""
        twin, backend = self.twin, self.backend
        units = twin.units
        rows = cells_of_steps(units["done"] + 1, units["released"].copy(), twin.step_cells)
        far = np.flatnonzero(backend.agents.state["base"] > units["released"]).tolist()
        more = [(unit, backend.agents.may_enter(unit)) for unit in far]
        if backend.link.is_busy():
            more += backend.acceptable_orders()
        return _with(rows, more) if more else rows


def cells_of_steps(first: Ints, last: Ints, rings: Ints) -> tuple[Ints, Ints]:
    """Units and cells, int32[k] each, of the steps first to last of each unit."""
    out_units, out_cells = np.empty((2, rings.size), dtype=np.int32)
    n_rows = unroll(first, last, rings, out_units, out_cells)
    return out_units[:n_rows], out_cells[:n_rows]


def _with(rows: tuple[Ints, Ints], more: list[tuple[int, list[int]]]) -> tuple[Ints, Ints]:
    units = [unit for unit, cells in more for _ in cells]
    cells = [cell for _, cells in more for cell in cells]
    return (
        np.concatenate([rows[0], np.array(units, dtype=np.int32)]),
        np.concatenate([rows[1], np.array(cells, dtype=np.int32)]),
    )

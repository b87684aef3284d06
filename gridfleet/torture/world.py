"""The world of a case: the twin with its people, and what can still happen in it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Backend, Ints
from gridfleet.torture.case import Case
from gridfleet.torture.span_kernels import unroll
from gridfleet.torture.watched_people import WatchedPeople
from twin.kinematic.engine import KinematicTwin
from twin.people import ServiceTimes
from twin.unit_model import DEFAULT_UNIT

SERVICE = ServiceTimes(line_s=3.0)


class World(Protocol):
    """backend: what the controller speaks to. twin: what really is. people: what they really do."""

    @property
    def backend(self) -> Backend: ...
    @property
    def twin(self) -> KinematicTwin: ...
    @property
    def people(self) -> WatchedPeople: ...

    def drift(self, until_s: float) -> None:
        """Time passes, and no controller listens."""

    def loads(self) -> Ints:
        """int32[n_units], pod that each unit carries or -1."""

    def pod_at(self) -> Ints:
        """int32[n_cells], pod that stands there or -1."""

    def may_enter(self) -> tuple[Ints, Ints]:
        """Units and cells, int32[k] each: cells that units have been released and not reached, or
        will be by an order under way that they would still accept."""

    def is_there(self) -> NDArray[np.bool_]:
        """bool[n_units], on the floor."""

    def is_expected(self) -> NDArray[np.bool_]:
        """bool[n_units], False for units that appeared and have not been admitted yet."""


class DirectWorld:
    """The twin at the end of a perfect link: what is sent is there."""

    def __init__(self, case: Case) -> None:
        self.people = WatchedPeople(case.layout, case.seed, SERVICE)
        headings = np.zeros(case.n_units, dtype=np.int8)
        self.twin = KinematicTwin(
            case.layout, case.unit_cells, headings, case.pod_cells, self.people, DEFAULT_UNIT
        )
        self.backend: Backend = self.twin
        self._everybody = np.ones(case.n_units, dtype=bool)

    def drift(self, until_s: float) -> None:
        """Nothing to do: all that happens until then is news at the next `advance`."""

    def loads(self) -> Ints:
        return self.twin._units["carried"].copy()

    def pod_at(self) -> Ints:
        return self.twin._pod_at

    def may_enter(self) -> tuple[Ints, Ints]:
        units = self.twin._units
        return cells_of_steps(units["done"] + 1, units["released"].copy(), self.twin._cells)

    def is_there(self) -> NDArray[np.bool_]:
        return self._everybody

    def is_expected(self) -> NDArray[np.bool_]:
        return self._everybody


def cells_of_steps(first: Ints, last: Ints, rings: Ints) -> tuple[Ints, Ints]:
    """Units and cells, int32[k] each, of the steps first to last of each unit."""
    out_units, out_cells = np.empty((2, rings.size), dtype=np.int32)
    n_rows = unroll(first, last, rings, out_units, out_cells)
    return out_units[:n_rows], out_cells[:n_rows]

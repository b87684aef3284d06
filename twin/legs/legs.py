"""Legs as columns. A leg is what one unit does between two standstills.

A run or turn ends when the unit has done it, so that what it needs to settle there is part of it.
Queueing begins when a unit stands at a centre with nothing more released while
it has been told where its next step will go, and ends when it is released. Units that do not look
ahead (docs/decisions/0008) therefore have no legs of queueing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twin.legs.leg_kernels import LIFT, LOWER, QUEUE, RUN, TURN


class LegKind(IntEnum):
    RUN = RUN
    TURN = TURN
    LIFT = LIFT
    LOWER = LOWER
    QUEUE = QUEUE


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """Columns of equal length, in the order in which legs ended, by unit where together.

    unit: int32. kind: int8, of LegKind. is_laden: bool, carried a pod. begin_s, end_s: float64.
    length: float64, metres of runs and quarter turns of turns; 0 else. cell: int32, where it began.
    is_free: bool, nothing but the unit itself shaped it: all of its length was released before the
    unit would have had to brake for less, nothing was taken back, and nothing else limited its
    speed. resolution_s: to which times are known.
    """

    unit: NDArray[np.int32]
    kind: NDArray[np.int8]
    is_laden: NDArray[np.bool_]
    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    length: NDArray[np.float64]
    cell: NDArray[np.int32]
    is_free: NDArray[np.bool_]
    resolution_s: float

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def lasted_s(self) -> NDArray[np.float64]:
        """float64[n], seconds from beginning to end."""
        return self.end_s - self.begin_s

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """By name, in the order of the fields."""
        return {name: getattr(self, name) for name in COLUMNS}

    def where(self, rows: NDArray[np.bool_]) -> Self:
        """Only those rows. rows: bool[n]."""
        columns: dict[str, Any] = {name: column[rows] for name, column in self.columns().items()}
        return replace(self, **columns)


COLUMNS = tuple(field.name for field in fields(Legs) if field.name != "resolution_s")

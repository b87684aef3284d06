"""Which point is best, how sure that is, and which others may be as good."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridfleet.experiments.statistics import select
from gridfleet.experiments.sweep.table import Floats, Table


@dataclass(frozen=True, slots=True)
class Best:
    """row: of the point with the best mean. is_sure: that it is the best with the confidence asked
    for (Nelson and Matejcik); sure_up_to: the highest confidence with which it is. others: rows
    that may be as good. None, and no others, where one seed is all there is."""

    row: int
    is_sure: bool
    sure_up_to: float | None
    others: tuple[int, ...]


def best_point(table: Table) -> Best:
    """The point with the best mean."""
    rows = table.better * table.values
    means = rows.mean(axis=1)
    row = int(means.argmax())
    if min(rows.shape) < 2:
        return Best(row, False, None, ())
    found = select(rows, rows.shape[1], table.confidence)
    # Points can do exactly the same, where something that was not varied is the limit.
    ties = np.flatnonzero(means == means[row])
    others = [i for i, one in enumerate(found.against_best) if one.high > 0.0 or i in ties]
    others.remove(row)
    sure_up_to = _sure_up_to(rows, row) if len(ties) == 1 else 1.0 / len(rows)
    is_sure = found.against_best[row].low >= 0.0 and not others
    return Best(row, is_sure, sure_up_to, tuple(others))


def _sure_up_to(rows: Floats, row: int) -> float:
    """By halving; guessing among all points is right so often."""
    low, high = 1.0 / len(rows), 0.9999
    for _ in range(14):
        middle = (low + high) / 2.0
        if select(rows, rows.shape[1], middle).against_best[row].low >= 0.0:
            low = middle
        else:
            high = middle
    return low

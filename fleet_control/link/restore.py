"""Books that a controller hands over when it has connected again: rows from `cleared` on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Releases
from fleet_control.stream_kernels import first_bad_row

Rows = NDArray[np.bool_] | NDArray[np.intp] | slice


def pick(releases: Releases, rows: Rows) -> Releases:
    """Some of the rows."""
    speeds = releases.speeds_m_s
    return Releases(
        releases.units[rows], releases.steps[rows], releases.cells[rows], releases.acts[rows],
        None if speeds is None else speeds[rows],
    )  # fmt: skip


def anchors_of(
    releases: Releases, last_steps: NDArray[np.int32], last_cells: NDArray[np.int32], n_rows: int,
    n_cols: int, is_placed: NDArray[np.bool_],
) -> NDArray[np.bool_]:  # fmt: skip
    """bool[k], rows that a book begins with: the first of each unit that continues no stream.

    is_placed: bool[n_units], units with a stream that can be continued."""
    is_first = np.ones(len(releases.units), dtype=bool)
    is_first[1:] = releases.units[1:] != releases.units[:-1]
    anchors = np.zeros(len(releases.units), dtype=bool)
    for row in np.flatnonzero(is_first).tolist():
        one = pick(releases, slice(row, row + 1))
        exists = 0 <= one.units[0] < len(last_steps) and 0 <= one.cells[0] < n_rows * n_cols
        continues = first_bad_row(
            one.units, one.steps, one.cells, one.acts, last_steps, last_cells, n_rows, n_cols
        )
        is_anchor = exists and one.steps[0] >= 0
        anchors[row] = is_anchor and (continues >= 0 or not is_placed[one.units[0]])
    return anchors

"""Whether a run jammed: for ten minutes on end the fleet had work, and nothing came of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridfleet.experiments.replication import Outcome

JAM_MINUTES = 10
"""Longer than any queue or blocked aisle takes that clears by itself."""
STUCK = 0.9
"""Share of the time on the way that units wait for others in such a time."""
ON_THE_WAY = ("unit_loaded_s", "unit_empty_s", "unit_waiting_s")


def jam_begins(outcome: Outcome) -> int | None:
    """The first of ten minutes in a row, in each of which units were on the way, and in which no
    task or errand was finished, or they waited for nearly all of their time on the way; None for a
    run without. A run that broke counts as jammed where it broke."""
    if outcome.failure:
        return outcome.n_minutes
    minutes = outcome.minutes
    done = minutes["errands"] if outcome.work == "errands" else minutes["tasks"]
    way_s = sum((minutes[name] for name in ON_THE_WAY), np.zeros(outcome.n_minutes))
    if outcome.n_minutes < JAM_MINUTES:
        return None
    n_done, on_the_way_s, waiting_s = (
        _rolling(values) for values in (done, way_s, minutes["unit_waiting_s"])
    )
    is_busy = _rolling((way_s > 0.0).astype(np.float64)) > JAM_MINUTES - 0.5
    jammed = is_busy & ((n_done == 0) | (waiting_s >= STUCK * on_the_way_s))
    return int(np.argmax(jammed)) if jammed.any() else None


def _rolling(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over ten minutes in a row."""
    sums: NDArray[np.float64] = np.convolve(values, np.ones(JAM_MINUTES), "valid")
    return sums

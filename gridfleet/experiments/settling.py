"""How long floors take to forget that they began empty."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.statistics import mser5
from gridfleet.experiments.statistics.warm_up import FEWEST


def settling_time(rows: Iterable[NDArray[np.float64]], cure: str) -> tuple[int, bool]:
    """Minutes to leave out at the start of all, those of the slowest by MSER-5, and whether each
    has settled by then.

    rows: of each variant float64[n_minutes], its output in each minute, averaged over replications.
    cure: what to do about minutes that are too few, {hours} being what it takes. Raises
    ExperimentError with it.
    """
    ends, is_found = [0], True
    for minutes in rows:
        check_long_enough(len(minutes), cure)
        truncation = mser5(minutes)
        ends.append(truncation.n_deleted)
        is_found = is_found and truncation.is_found
    return max(ends), is_found


def check_long_enough(n_minutes: float, cure: str) -> None:
    """Raises ExperimentError where no warm-up can be looked for in so many minutes. cure: as of
    `settling_time`."""
    if n_minutes < FEWEST:
        hours = math.ceil(FEWEST / 6) / 10
        raise ExperimentError(
            f"a replication has {n_minutes:.3g} minutes, and the warm-up is looked for in {FEWEST} "
            f"or more; {cure.format(hours=hours)}"
        )

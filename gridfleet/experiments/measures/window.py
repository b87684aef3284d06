"""One outcome from some minute on, of which all figures are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridfleet.experiments.measures.minutes import MINUTE_S
from gridfleet.experiments.replication import Outcome

NAN = float("nan")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """Sums over the minutes of one outcome from `first` on. sums: of each column. cycle_s:
    float64[k], cycle times of the orders done in it."""

    outcome: Outcome
    hours: float
    sums: Mapping[str, float]
    cycle_s: Floats

    def a_hour(self, column: str) -> float:
        return self.sums[column] / self.hours if self.hours else NAN

    def share(self, column: str, of: tuple[str, ...]) -> float:
        """Per cent."""
        total = sum(self.sums[name] for name in of)
        return 100.0 * self.sums[column] / total if total else NAN


def window_of(outcome: Outcome, first: int = 0) -> Window:
    """first: minutes at the start that are left out."""
    minutes = outcome.minutes
    sums = {name: float(values[first:].sum()) for name, values in minutes.items()}
    done_s, cycle_s = outcome.orders
    end_s = outcome.n_minutes * MINUTE_S
    # The last minute has its end, as in histograms of events.
    inside = (done_s >= first * MINUTE_S) & (done_s <= end_s)
    hours = max(outcome.n_minutes - first, 0) * MINUTE_S / 3600.0
    return Window(outcome, hours, sums, cycle_s[inside])


def output_minutes(outcome: Outcome) -> Floats:
    """float64[n_minutes], lines, parcels or errands done in each."""
    return outcome.minutes["errands" if outcome.work == "errands" else "lines"]


def mean_minutes(outcomes: Sequence[Outcome]) -> Floats:
    """float64[n_minutes of the shortest], mean output of some outcomes in each."""
    n_minutes = min(outcome.n_minutes for outcome in outcomes)
    rows = [output_minutes(outcome)[:n_minutes] for outcome in outcomes]
    return np.asarray(np.mean(rows, axis=0), dtype=np.float64)

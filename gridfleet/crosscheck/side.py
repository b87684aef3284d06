"""One of the two runs: its record, its legs, and what its units spent their time on, in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridfleet.record import BrokenRunError, RunRecord
from gridfleet.scenario import Scenario
from gridfleet.simulation import Progress, Simulation
from layouts import GridfleetError
from twin.legs import Legs


class CrosscheckError(GridfleetError, ValueError):
    """Two runs that cannot be compared; the text says why."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is measured: `minutes` after `warm_up_min`, in batches of equal length."""

    minutes: float
    warm_up_min: float
    n_batches: int = 10

    @property
    def hours(self) -> float:
        """Of a run, warm-up included."""
        return (self.minutes + self.warm_up_min) / 60.0

    @property
    def batch_s(self) -> float:
        return self.minutes * 60.0 / self.n_batches

    @property
    def borders_s(self) -> NDArray[np.float64]:
        """float64[n_batches + 1], simulated time at which batches begin and end."""
        numbers = np.arange(self.n_batches + 1, dtype=np.float64)
        return self.warm_up_min * 60.0 + self.batch_s * numbers


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """scenario: that was run, seconds of the warm-up included. unit_time_s: float64[k, 7], unit
    seconds per state (gridfleet.record.UNIT_STATES) up to each border of batches that the run has
    come to. failure: why the run failed, "" if it did not."""

    scenario: Scenario
    record: RunRecord
    legs: Legs
    unit_time_s: NDArray[np.float64]
    failure: str = ""

    @property
    def n_batches(self) -> int:
        """Batches that are whole."""
        return max(0, len(self.unit_time_s) - 1)


class _Borders:
    """Takes down unit times when a run passes a border."""

    def __init__(self, simulation: Simulation, span: Span) -> None:
        self._simulation, self._borders_s = simulation, span.borders_s
        self.taken: list[NDArray[np.float64]] = []

    def look(self, sim_s: float) -> None:
        n_passed = int((self._borders_s <= sim_s + 1e-6).sum())
        while len(self.taken) < n_passed:
            self.taken.append(self._simulation.brain.controller.unit_time_s.sum(axis=0))


def run_side(
    scenario: Scenario, span: Span, on_progress: Callable[[float], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Side:  # fmt: skip
    """Run one engine. on_progress: told the simulated seconds that have passed.

    Raises a GridfleetError for what cannot be run; a run that fails later tells of it.
    """
    simulation = Simulation(scenario, keeps_legs=True)
    borders, failure = _Borders(simulation, span), ""

    def look(news: Progress) -> None:
        borders.look(news.sim_s)
        if on_progress is not None:
            on_progress(news.sim_s)

    borders.look(0.0)
    try:
        record = simulation.run(look, should_stop)
    except BrokenRunError as error:
        record, failure = error.record, str(error)
    borders.look(record.sim_s)
    assert simulation.legs is not None
    taken = np.array(borders.taken).reshape(len(borders.taken), record.unit_time_s.shape[1])
    return Side(scenario, record, simulation.legs.legs(), taken, failure)

"""Outcomes and campaigns that are made up, so that the truth is known and nothing is simulated."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from gridfleet.experiments.engine import Campaign, Here
from gridfleet.experiments.measures.minutes import COUNTED, SNAPSHOT, STATION_TIMES, SUMMED
from gridfleet.experiments.replication import Job, Outcome, Variant
from gridfleet.experiments.variants import STEADY, Line
from gridfleet.scenario import Scenario

N_CELLS = 27 * 23
"""Of the teaching floor."""
N_STATIONS, N_UNITS = 5, 20
COLUMNS = (*COUNTED, *SUMMED, "orders_late", *SNAPSHOT)
Make = Callable[[Job], Outcome]


def made(
    name: str = "a", seed: int = 0, *, n_minutes: int = 60, lines: ArrayLike = 20.0,
    columns: Mapping[str, ArrayLike] | None = None, work: str = "lines", failure: str = "",
    n_units: int = N_UNITS, regime: str = "unit-bound", heat: float = 1.0, cycle_s: float = 600.0,
) -> Outcome:  # fmt: skip
    """An outcome whose columns are the given ones, and otherwise those of a floor that flows.

    lines: done in each minute, one figure or float64[n_minutes]; columns: likewise, by name.
    """
    values: dict[str, ArrayLike] = {
        **dict.fromkeys(COLUMNS, 0.0),
        "lines": lines, "units_of_goods": lines, "tasks": 8.0, "presentations": 10.0,
        "orders_done": 1.0, "order_cycle_s": 600.0, "driven_cells": 300.0,
        "unit_loaded_s": 30.0 * n_units, "unit_empty_s": 25.0 * n_units,
        "unit_waiting_s": 5.0 * n_units,
        STATION_TIMES[0]: 40.0 * N_STATIONS, STATION_TIMES[1]: 20.0 * N_STATIONS,
        **(columns or {}),
    }  # fmt: skip
    done_s = 60.0 * np.arange(n_minutes) + 30.0
    return Outcome(
        variant=name, seed=seed, work=work, n_units=n_units, n_stations=N_STATIONS,
        cell_size_m=1.0,
        columns={
            key: np.broadcast_to(np.asarray(value, np.float64), n_minutes).tobytes()
            for key, value in values.items()
        },
        order_done_s=done_s.tobytes(), order_cycle_s=np.full(n_minutes, cycle_s).tobytes(),
        visits=np.full(N_CELLS, round(10 * heat), np.int32).tobytes(),
        wait_s=np.full(N_CELLS, heat, np.float32).tobytes(),
        kpis={"regime": regime, "regime_reason": "so it was made up"}, failure=failure,
    )  # fmt: skip


def line_of(*names: str, kind: str = STEADY, **keys: Any) -> Line:
    """Variants of the teaching floor under these names; nobody runs them."""
    scenario = Scenario(**{"layout": "teaching", "robots": N_UNITS, "hours": 1.0, **keys})
    variants = tuple(Variant(name=name, scenario=scenario) for name in names)
    return Line(variants, kind, "fulfilment", {}, ())


def campaign_of(make: Make) -> Campaign:
    """Runs jobs by making their outcomes up; what `make` raises is a failure of its job."""
    return Campaign(Here(lambda data: make(msgspec.msgpack.decode(data, type=Job)).encode()))


def draw(*what: Any) -> np.random.Generator:
    """The draws of chance that belong to this and nothing else."""
    return np.random.default_rng(zlib.crc32(repr(what).encode()))


def noisy(
    means: Mapping[str, float], *, common: float = 3.0, own: float = 0.5, experiment: int = 0,
    n_minutes: int = 60, **keys: Any,
) -> Make:  # fmt: skip
    """Lines a minute of each variant around its mean; most of the chance is common to a seed.

    common, own: standard deviations of a replication's mean, in lines a minute.
    """

    def make(job: Job) -> Outcome:
        mean = means[job.variant] + common * draw(experiment, job.seed).standard_normal()
        mean += own * draw(experiment, job.seed, job.variant).standard_normal()
        wiggle = draw(experiment, job.seed, job.variant, "minutes").standard_normal(n_minutes)
        lines = mean + wiggle - wiggle.mean()
        return made(job.variant, job.seed, n_minutes=n_minutes, lines=lines, **keys)

    return make


def column(outcomes: Sequence[Outcome], name: str) -> np.ndarray[Any, Any]:
    return np.array([outcome.minutes[name] for outcome in outcomes])

"""What pages of experiments are made of, as Parquet files beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridfleet.experiments.comparing import Runs
from gridfleet.experiments.comparison import Effect, Spread
from gridfleet.experiments.measures.catalogue import figures_of
from gridfleet.experiments.measures.jams import jam_begins
from gridfleet.experiments.replication import Outcome
from gridfleet.parquet import write_parquet

Columns = dict[str, NDArray[Any]]
EFFECTS, RUNS, MINUTES, CELLS = (
    "effects.parquet", "replications.parquet", "minutes.parquet", "cells.parquet",
)  # fmt: skip


def write_runs(path: Path, outcomes: Sequence[Outcome], warm_up: int = 0) -> None:
    """A row for each replication: variant, seed, every figure over its window."""
    rows = [
        {
            "variant": outcome.variant,
            "seed": outcome.seed,
            "jammed_at_min": jam_begins(outcome),
            "regime": str(outcome.kpis["regime"] or ""),
            **figures_of(outcome, warm_up),
        }
        for outcome in outcomes
    ]
    write_rows(path, rows)


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of the same keys; numbers that are None are nan in the file."""
    names = list(rows[0]) if rows else []
    write_parquet(path, {name: _column([row[name] for row in rows]) for name in names})


def _column(values: list[Any]) -> NDArray[Any]:
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {int, bool} and None not in values:
        return np.array(values)
    if kinds <= {int, float, bool, np.float64}:
        return np.array([np.nan if value is None else float(value) for value in values])
    return np.array(["" if value is None else str(value) for value in values], dtype=object)


def effect_rows(effects: Iterable[Effect]) -> list[dict[str, Any]]:
    """Effects with their intervals in columns."""
    rows = []
    for effect in effects:
        row: dict[str, Any] = {}
        for entry in fields(effect):
            value = getattr(effect, entry.name)
            if entry.name in ("difference", "percent"):
                spread = value or Spread(float("nan"), None, None)
                row[entry.name] = spread.mean
                row[f"{entry.name}_low"], row[f"{entry.name}_high"] = spread.low, spread.high
            else:
                row[entry.name] = value
        rows.append(row)
    return rows


def write_minutes(path: Path, runs: Runs) -> None:
    """Mean output of each minute, by variant: what the warm-up is found in."""
    rows = [
        {"variant": name, "minute": minute, "output": float(value)}
        for name in runs.names
        for minute, value in enumerate(runs.output_minutes(name).mean(axis=0))
    ]
    write_rows(path, rows)


def heat_of(runs: Runs, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """float64[n_cells] twice: arrivals and unit seconds of waiting an hour at each cell, the mean
    of all replications of a variant."""
    outcomes = [runs.outcome(name, seed) for seed in runs.seeds]
    hours = max(outcomes[0].n_minutes / 60.0, 1e-9)
    visits = np.mean([outcome.heat[0] for outcome in outcomes], axis=0) / hours
    waits = np.mean([outcome.heat[1] for outcome in outcomes], axis=0) / hours
    return visits.astype(np.float64), waits.astype(np.float64)


def write_cells(path: Path, runs: Runs) -> None:
    """Arrivals and waiting an hour at each cell, by variant."""
    parts: list[Columns] = []
    for index, name in enumerate(runs.names):
        visits, waits = heat_of(runs, name)
        parts.append(
            {
                "variant": np.full(len(visits), index, dtype=np.int32),
                "cell": np.arange(len(visits), dtype=np.int32),
                "arrivals_per_hour": visits,
                "waiting_s_per_hour": waits,
            }
        )
    columns = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    write_parquet(path, columns, {"variant": list(runs.names)})

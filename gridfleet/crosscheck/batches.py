"""Figures of the two runs in batches of time, and how sure their difference is.

Both runs have the same orders at the same time, so a busy batch is busy in both, and batches are
compared in pairs. Units part ways in the first minute, so what is left of the difference of a pair
is chance on top of what the engines do differently. With batches longer than what a jam or a
station's backlog lasts, these differences are nearly independent, and the interval of their mean is
Student's (method of batch means; Law, Simulation Modeling and Analysis, ch. 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.events import EventKind
from gridfleet.crosscheck.side import Side, Span
from gridfleet.record import UNIT_STATES
from twin.legs import LegKind

Batches = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """fast, true: the figures. percent: fast against true; low, high: its 95 % interval. None where
    there is nothing to compare with, or too little to say how sure it is."""

    fast: float
    true: float
    percent: float | None
    low: float | None
    high: float | None


def difference(fast: Batches, true: Batches) -> Difference:
    """Of two figures in batches; nan: nothing to see in that batch."""
    seen = np.isfinite(fast) & np.isfinite(true)
    fast, true = fast[seen], true[seen]
    if not len(fast):
        return Difference(float("nan"), float("nan"), None, None, None)
    mean, base = float(fast.mean()), float(true.mean())
    if base == 0.0:
        return Difference(mean, base, None, None, None)
    percent = 100.0 * (mean - base) / base
    if len(fast) < 2:
        return Difference(mean, base, percent, None, None)
    from scipy.stats import t

    error = float((fast - true).std(ddof=1)) / len(fast) ** 0.5
    half = 100.0 * float(t.ppf(0.975, len(fast) - 1)) * error / abs(base)
    return Difference(mean, base, percent, percent - half, percent + half)


def output_name(side: Side) -> str:
    if not side.record.has_orders:
        return "errands an hour"
    kinds = {str(station.kind.value) for station in side.record.layout.stations}
    return "parcels an hour" if "induct" in kinds else "lines an hour"


def output_an_hour(side: Side, span: Span, n_batches: int) -> Batches:
    """float64[n_batches], order lines, parcels or errands done an hour."""
    kind = EventKind.LINE_DONE if side.record.has_orders else EventKind.ERRAND_DONE
    return _count(side, kind, span, n_batches) * 3600.0 / span.batch_s


def tasks_an_hour(side: Side, span: Span, n_batches: int) -> Batches:
    """float64[n_batches], pods brought and stored again an hour, or parcels carried."""
    return _count(side, EventKind.TASK_DONE, span, n_batches) * 3600.0 / span.batch_s


def cycle_s(side: Side, span: Span, n_batches: int) -> Batches:
    """float64[n_batches], mean seconds from placed to done of orders done in each batch."""
    rows = side.record.events["kind"] == EventKind.ORDER_DONE
    times_s = np.asarray(side.record.events["time_s"][rows], dtype=np.float64)
    values_s = np.asarray(side.record.events["value"][rows], dtype=np.float64)
    sums, _ = np.histogram(times_s, span.borders_s[: n_batches + 1], weights=values_s)
    counts, _ = np.histogram(times_s, span.borders_s[: n_batches + 1])
    means: Batches = np.divide(sums, counts, out=np.full(n_batches, np.nan), where=counts > 0)
    return means


def unit_shares(side: Side, n_batches: int) -> dict[str, Batches]:
    """State of units -> float64[n_batches], share of their time; "working" is all but idle."""
    spent_s = np.diff(side.unit_time_s[: n_batches + 1], axis=0)
    totals_s = np.maximum(spent_s.sum(axis=1), 1e-9)
    shares = {state: spent_s[:, i] / totals_s for i, state in enumerate(UNIT_STATES)}
    return {"working": 1.0 - shares["idle"], **shares}


def driven_m(side: Side, span: Span, n_batches: int) -> Batches:
    """float64[n_batches], metres for each unit and hour, of runs that ended in the batch."""
    runs = side.legs.where(side.legs.kind == LegKind.RUN)
    borders_s = span.borders_s[: n_batches + 1]
    sums, _ = np.histogram(runs.end_s, borders_s, weights=runs.length)
    return np.asarray(sums / side.record.n_units * 3600.0 / span.batch_s, dtype=np.float64)


def queued_s(side: Side, span: Span, n_batches: int) -> Batches:
    """float64[n_batches], seconds of queueing for each unit and hour."""
    legs = side.legs.where(side.legs.kind == LegKind.QUEUE)
    borders_s = span.borders_s[: n_batches + 1]
    sums, _ = np.histogram(legs.end_s, borders_s, weights=legs.lasted_s)
    return np.asarray(sums / side.record.n_units * 3600.0 / span.batch_s, dtype=np.float64)


def _count(side: Side, kind: EventKind, span: Span, n_batches: int) -> Batches:
    times_s = side.record.events["time_s"][side.record.events["kind"] == kind]
    counts, _ = np.histogram(np.asarray(times_s), span.borders_s[: n_batches + 1])
    return counts.astype(np.float64)

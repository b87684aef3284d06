"""Mean times of legs in the two runs, standardised, and how sure their difference is.

Engines that make units wait in other places make them drive other mixes of lengths. So legs are
compared length by length, and the differences weighted by how often both runs together have that
length (direct standardisation): a different mix does not count.

Legs of one unit are alike and follow each other; units are nearly independent. So the interval is
that of a bootstrap which draws whole units, the same ones in both runs (block bootstrap; Davison
and Hinkley, Bootstrap Methods and their Application, ch. 3.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridfleet.crosscheck.batches import Difference
from twin.legs import LegKind, Legs

N_DRAWS = 1000
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """sums, counts: float64[n_units, n_bins], seconds and legs of each unit in each bin."""

    sums: Array
    counts: Array


def leg_difference(
    fast: Legs, true: Legs, n_units: int, rng: np.random.Generator
) -> tuple[Difference, int, int]:
    """Standardised mean times in seconds, and how many legs there are on each side. Legs that are
    compared are of one kind, load and length."""
    bins = _bins(fast, true)
    if bins is None:
        found = Difference(_mean_s(fast), _mean_s(true), None, None, None)
        return found, len(fast), len(true)
    n_bins = int(max(bins[0].max(), bins[1].max())) + 1
    tables = [
        _table(legs, of_leg, n_units, n_bins)
        for legs, of_leg in zip((fast, true), bins, strict=True)
    ]
    weights = sum(table.counts.sum(axis=0) for table in tables)
    everyone = np.ones((1, n_units))
    (a,), (b,) = _means(tables, np.asarray(weights), everyone)
    percent = 100.0 * float(a - b) / float(b) if b > 0.0 else None
    draws = rng.multinomial(n_units, np.full(n_units, 1.0 / n_units), N_DRAWS).astype(np.float64)
    drawn_a, drawn_b = _means(tables, np.asarray(weights), draws)
    low = high = None
    if percent is not None and n_units > 1:
        seen = drawn_b > 0.0  # a draw may hold no unit that has such legs
        shares = 100.0 * (drawn_a[seen] - drawn_b[seen]) / drawn_b[seen]
        low, high = np.percentile(shares, [2.5, 97.5]).tolist()
    return Difference(float(a), float(b), percent, low, high), len(fast), len(true)


def _mean_s(legs: Legs) -> float:
    return float(legs.lasted_s.mean()) if len(legs) else float("nan")


def _bins(fast: Legs, true: Legs) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Bin of each leg, -1 for kinds and lengths that one of the runs does not have. None where
    nothing can be compared."""
    keys = [
        np.column_stack([legs.kind, legs.is_laden, np.round(100 * legs.length)]).astype(np.int64)
        for legs in (fast, true)
    ]
    if not (len(keys[0]) and len(keys[1])):
        return None
    known, place = np.unique(np.concatenate(keys), axis=0, return_inverse=True)
    place = place.reshape(-1)
    of_fast, of_true = place[: len(fast)], place[len(fast) :]
    in_both = np.isin(np.arange(len(known)), of_fast) & np.isin(np.arange(len(known)), of_true)
    if not in_both.any():
        return None
    number = np.where(in_both, np.cumsum(in_both) - 1, -1)
    return number[of_fast], number[of_true]


def _table(legs: Legs, of_leg: NDArray[np.intp], n_units: int, n_bins: int) -> _Table:
    is_kept = of_leg >= 0
    places = legs.unit[is_kept].astype(np.int64) * n_bins + of_leg[is_kept]
    size = n_units * n_bins
    sums = np.bincount(places, legs.lasted_s[is_kept], size).astype(np.float64)
    counts = np.bincount(places, minlength=size).astype(np.float64)
    return _Table(sums.reshape(n_units, n_bins), counts.reshape(n_units, n_bins))


def _means(tables: list[_Table], weights: Array, draws: Array) -> tuple[Array, Array]:
    """float64[n_draws] for each table: means over bins. draws: float64[n_draws, n_units], how often
    each unit counts. A bin that a draw leaves empty on one side counts on neither."""
    counts = [draws @ table.counts for table in tables]
    seen = (counts[0] > 0.0) & (counts[1] > 0.0)
    weighted = np.where(seen, weights, 0.0)
    totals = np.maximum(weighted.sum(axis=1), 1e-12)
    found = []
    for table, count in zip(tables, counts, strict=True):
        means = np.divide(draws @ table.sums, count, out=np.zeros_like(count), where=seen)
        found.append((weighted * means).sum(axis=1) / totals)
    return found[0], found[1]


def is_motion(legs: Legs) -> NDArray[np.bool_]:
    """bool[n], all legs but queueing."""
    return np.asarray(legs.kind != LegKind.QUEUE)

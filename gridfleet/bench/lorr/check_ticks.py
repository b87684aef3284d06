"""Paths of 2026, driven again: every tick of every square.

Delays are not known to a validator; any tick may be a wait.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridfleet.bench.lorr.check_paths import D_COLS, D_ROWS, MOST_TOLD, Drive
from gridfleet.bench.lorr.problem import LeagueProblem

CODES = {letter: code for code, letter in enumerate("FRCWT")}
F, R, C, W, T = range(5)
_SEGMENT = re.compile(r"\((\d+),(\d+),(\d+),(\d+),(\d+)\):\(([^()]*)\)")
SLACK = 1e-4
"""Squares may overlap by so much."""


def _unroll(paths: list[str], n_units: int, name: str, faults: list[str]) -> NDArray[np.int8]:
    """int8[n_ticks, n_units] of action codes."""
    rows = []
    for unit, text in enumerate(paths):
        found = _SEGMENT.findall(text)
        if not found:
            faults.append(f"{name}: agent {unit}: {text[:40]!r} is no list of segments")
        runs = [run.split() for part in found for run in part[5].split(",") if run.strip()]
        codes = [np.full(int(count), CODES[letter], dtype=np.int8) for letter, count in runs]
        rows.append(np.concatenate([np.empty(0, dtype=np.int8), *codes]))
    if len(rows) != n_units:
        faults.append(f"{name}: {len(rows)} paths for {n_units} agents")
        rows = (rows + [rows[0]] * n_units)[:n_units]
    if len({len(row) for row in rows}) > 1:
        faults.append(f"{name}: paths of different lengths")
    n_ticks = min(map(len, rows))
    return np.stack([row[:n_ticks] for row in rows], axis=1)


def drive_ticks(table: dict[str, Any], problem: LeagueProblem, faults: list[str]) -> Drive:
    """Where units are after each tick; `Drive.cells` are those that they have not wholly left."""
    n_units, counter, n_cols = problem.n_units, problem.counter, problem.floor.n_cols
    actual = _unroll(table["actualPaths"], n_units, "actualPaths", faults)
    if "plannerPaths" in table:
        _compare(_unroll(table["plannerPaths"], n_units, "plannerPaths", faults), actual, faults)
    rows, cols = np.divmod(problem.starts.astype(np.int64), n_cols)
    headings = np.zeros(n_units, dtype=np.int64)
    counts, begun = np.zeros(n_units, dtype=np.int64), np.full(n_units, W)
    driven = Drive([rows * n_cols + cols], [])
    for tick, actions in enumerate(actual):
        driven.late.append(bool((actions == T).any()))
        if driven.late[-1] and not (actions == T).all():
            faults.append(f"tick {tick}: some agents have a timeout and others have not")
        works = (actions != W) & (actions != T)
        breaks = works & (counts > 0) & (actions != begun)
        if breaks.any():
            faults.append(f"tick {tick}: agent {breaks.argmax()} breaks an action off")
        goes = works & (actions == F)
        faults += _wall_faults(tick, goes, rows, cols, headings, problem)
        share = np.where((counts > 0) & (begun == F), counts, 0) / counter
        at = np.stack([rows + D_ROWS[headings] * share, cols + D_COLS[headings] * share], axis=1)
        along = np.stack([D_ROWS[headings] * goes, D_COLS[headings] * goes], axis=1) / counter
        pair = _overlap(at, along, problem.size)
        if pair is not None:
            faults.append(f"tick {tick}: agents {pair[0]} and {pair[1]} overlap")
        begun = np.where(works, actions, begun)
        counts += works
        is_over = counts == counter
        counts[is_over] = 0
        ends = is_over & (begun == F)
        rows, cols = rows + D_ROWS[headings] * ends, cols + D_COLS[headings] * ends
        headings = (headings + (is_over & (begun == R)) - (is_over & (begun == C))) % 4
        driven.cells.append(rows * n_cols + cols)
        if len(faults) > MOST_TOLD:
            break
    return driven


def _wall_faults(
    tick: int, goes: NDArray[np.bool_], rows: NDArray[np.int64], cols: NDArray[np.int64],
    headings: NDArray[np.int64], problem: LeagueProblem,
) -> list[str]:  # fmt: skip
    floor = problem.floor
    to_rows, to_cols = rows + D_ROWS[headings] * goes, cols + D_COLS[headings] * goes
    is_on = (to_rows >= 0) & (to_rows < floor.n_rows) & (to_cols >= 0) & (to_cols < floor.n_cols)
    cells = np.where(is_on, to_rows * floor.n_cols + to_cols, 0)
    wrong = goes & ~(is_on & floor.driveable[cells])
    return [f"tick {tick}: agent {wrong.argmax()} drives onto an obstacle"] if wrong.any() else []


def _overlap(
    at: NDArray[np.float64], along: NDArray[np.float64], size: float
) -> NDArray[np.int64] | None:
    """A pair of squares that overlap while they move from `at` by `along`, None without any."""
    reach = size - SLACK
    middle = at + along / 2
    pairs = cKDTree(middle).query_pairs(
        size + np.abs(along).max() + SLACK, p=np.inf, output_type="ndarray"
    )
    if not len(pairs):
        return None
    gap, speed = np.diff(at[pairs], axis=1)[:, 0], np.diff(along[pairs], axis=1)[:, 0]
    still = speed == 0.0
    safe = np.where(still, 1.0, speed)
    ends = np.stack([(-reach - gap) / safe, (reach - gap) / safe])
    is_apart = np.abs(gap) >= reach
    first = np.where(still, np.where(is_apart, 2.0, -1.0), ends.min(axis=0)).max(axis=1)
    last = np.where(still, 2.0, ends.max(axis=0)).min(axis=1)
    hits = np.flatnonzero(np.maximum(first, 0.0) < np.minimum(last, 1.0))
    return pairs[hits[0]] if len(hits) else None


def _compare(wanted: NDArray[np.int8], actual: NDArray[np.int8], faults: list[str]) -> None:
    """A unit does what it was told, goes on with what it has begun, or waits."""
    if wanted.shape != actual.shape:
        faults.append(f"plannerPaths has {len(wanted)} ticks, actualPaths has {len(actual)}")
        return
    odd = np.argwhere((wanted != actual) & (actual != W))
    if len(odd):
        tick, unit = odd[0]
        faults.append(f"tick {tick}: agent {unit} did what it was not told")

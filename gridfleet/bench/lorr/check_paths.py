"""Paths of a result, driven again: where all units are after each step, and whether they may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridfleet.bench.lorr.problem import LeagueProblem

MOST_TOLD = 20
"""Faults of one kind that are told one by one."""
D_ROWS = np.array([0, 1, 0, -1])
D_COLS = np.array([1, 0, -1, 0])
"""Along the league's headings: east, south, west, north."""


@dataclass(slots=True)
class Drive:
    """cells: one int64[n_units] after each step, the start first. late: for each step, whether a
    timeout made everybody wait."""

    cells: list[NDArray[np.int64]]
    late: list[bool]

    @property
    def n_timeouts(self) -> int:
        return sum(self.late)


def letters_of(paths: list[str], n_units: int, name: str, faults: list[str]) -> NDArray[np.str_]:
    """str[n_steps, n_units]; paths that are shorter than the shortest full length are cut there."""
    rows = [path.split(",") if path else [] for path in paths]
    if len(rows) != n_units:
        faults.append(f"{name}: {len(rows)} paths for {n_units} agents")
        rows = (rows + [[]] * n_units)[:n_units]
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        usual = max(lengths)
        short = next(unit for unit, row in enumerate(rows) if len(row) != usual)
        faults.append(f"{name}: agent {short} has {len(rows[short])} actions, others have {usual}")
    n_steps = min(lengths)
    for unit, row in enumerate(rows):
        strange = next((step for step, word in enumerate(row) if word not in tuple("FRCWT")), None)
        if strange is not None:
            faults.append(f"{name}: agent {unit}, step {strange}: {row[strange]!r} is no action")
            rows[unit] = [word if word in tuple("FRCWT") else "W" for word in row]
    return np.array([row[:n_steps] for row in rows], dtype="U1").T.reshape(n_steps, n_units)


def drive_steps(table: dict[str, Any], problem: LeagueProblem, faults: list[str]) -> Drive:
    """Editions of 2023 and 2024: one action a unit and step, all valid together."""
    n_units = problem.n_units
    actual = letters_of(table["actualPaths"], n_units, "actualPaths", faults)
    wanted = None
    if "plannerPaths" in table:
        wanted = letters_of(table["plannerPaths"], n_units, "plannerPaths", faults)
        if wanted.shape != actual.shape:
            faults.append(f"plannerPaths has {len(wanted)} steps, actualPaths has {len(actual)}")
            wanted = None
    n_cols = problem.floor.n_cols
    rows, cols = np.divmod(problem.starts.astype(np.int64), n_cols)
    headings = np.zeros(n_units, dtype=np.int64)
    driven = Drive([rows * n_cols + cols], [])
    refused = []
    for step, actions in enumerate(actual):
        is_late = bool((actions == "T").any())
        driven.late.append(is_late and problem.edition != 2023)
        if wanted is not None:
            refused += _compare(
                step, wanted[step], actions, (rows, cols, headings), problem, faults
            )
            driven.late[-1] = bool((wanted[step] == "T").any())
        if is_late and not (actions == "T").all():
            faults.append(f"step {step}: some agents have a timeout and others have not")
        wrong = _fault_in(actions, rows, cols, headings, problem)
        if wrong:
            faults.append(f"actualPaths, step {step}: {wrong}")
        goes = actions == "F"
        rows = np.clip(rows + goes * D_ROWS[headings], 0, problem.floor.n_rows - 1)
        cols = np.clip(cols + goes * D_COLS[headings], 0, n_cols - 1)
        headings = (headings + (actions == "R") - (actions == "C")) % 4
        driven.cells.append(rows * n_cols + cols)
        if len(faults) > MOST_TOLD:
            break
    if wanted is not None:
        _check_errors(table, refused, faults)
    return driven


def _fault_in(
    actions: NDArray[np.str_], rows: NDArray[np.int64], cols: NDArray[np.int64],
    headings: NDArray[np.int64], problem: LeagueProblem,
) -> str:  # fmt: skip
    """What makes the joint action invalid; "" if it is valid."""
    floor = problem.floor
    goes = actions == "F"
    to_rows, to_cols = rows + goes * D_ROWS[headings], cols + goes * D_COLS[headings]
    is_off = (to_rows < 0) | (to_rows >= floor.n_rows) | (to_cols < 0) | (to_cols >= floor.n_cols)
    if is_off.any():
        return f"agent {is_off.argmax()} leaves the map"
    after = to_rows * floor.n_cols + to_cols
    before = rows * floor.n_cols + cols
    if not floor.driveable[after].all():
        return f"agent {(~floor.driveable[after]).argmax()} is on an obstacle"
    order = np.argsort(after, kind="stable")
    same = np.flatnonzero(after[order][1:] == after[order][:-1])
    if len(same):
        pair = order[same[0] : same[0] + 2]
        return f"agents {pair[0]} and {pair[1]} end on one cell (vertex conflict)"
    moves = {
        (int(one), int(two)): unit
        for unit, (one, two) in enumerate(zip(before, after, strict=True))
        if one != two
    }
    for (one, two), unit in moves.items():
        other = moves.get((two, one))
        if other is not None:
            return f"agents {unit} and {other} change places (edge conflict)"
    return ""


def _compare(
    step: int, wanted: NDArray[np.str_], actions: NDArray[np.str_],
    state: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    problem: LeagueProblem, faults: list[str],
) -> list[int]:  # fmt: skip
    """Whether what was done is what the rules make of what was wanted; [step] if it was refused."""
    if (wanted == "T").any():
        idle = "W" if problem.edition == 2023 else "T"
        if not (wanted == "T").all() or not np.isin(actions, [idle, "T"]).all():
            faults.append(f"step {step}: a timeout, but not everybody waits")
        return []
    is_refused = bool(_fault_in(wanted, *state, problem))
    right = np.full_like(wanted, "W") if is_refused else wanted
    if (right != actions).any():
        unit = int((right != actions).argmax())
        faults.append(
            f"step {step}: agent {unit} did {actions[unit]}; plannerPaths ask {right[unit]}"
        )
    return [step] if is_refused else []


def _check_errors(table: dict[str, Any], refused: list[int], faults: list[str]) -> None:
    told = sorted({int(error[2]) - 1 for error in table.get("errors", [])})
    if told != refused:
        odd = sorted(set(told) ^ set(refused))
        faults.append(
            f"errors: steps {told[:3]}..., but invalid are {refused[:3]}...; see {odd[:3]}"
        )
    if "AllValid" in table and (table["AllValid"] == "Yes") != (not refused):
        faults.append(f"AllValid is {table['AllValid']!r}; {len(refused)} steps were refused")
    if "numPlannerErrors" in table and table["numPlannerErrors"] != len(refused):
        faults.append(
            f"numPlannerErrors is {table['numPlannerErrors']}; {len(refused)} steps were refused"
        )

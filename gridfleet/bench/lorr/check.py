"""A validator of league results that shares nothing with the simulator but the reading of files.

It drives all units along the recorded paths, works out every event from starts, paths and schedule
alone, and compares with what the file claims. Results of the league's own programs can be checked
too, where they have the keys.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridfleet.bench.errors import BenchError
from gridfleet.bench.lorr.check_paths import Drive, drive_steps
from gridfleet.bench.lorr.check_tasks import check_given, check_pool
from gridfleet.bench.lorr.check_ticks import drive_ticks
from gridfleet.bench.lorr.problem import LeagueProblem, read_problem
from layouts import LayoutError
from layouts.drawing import read_text

NEEDED = ("teamSize", "start", "numTaskFinished", "actualPaths", "events", "tasks")
NEEDED_FOR_POOLS = ("actualSchedule",)


@dataclass(slots=True)
class Findings:
    """faults: what does not hold, in the order of the file. The counts are worked out here."""

    problem: LeagueProblem
    faults: list[str] = field(default_factory=list)
    n_steps: int = 0
    n_finished: int = 0
    n_events: int = 0
    n_timeouts: int = 0


def read_output(path: Path) -> dict[str, Any]:
    """A result file. Raises BenchError."""
    try:
        table = json.loads(read_text(path))
    except LayoutError as error:
        raise BenchError(error.faults) from None
    except ValueError as error:
        raise BenchError(f"{path}: is no JSON: {error}; is it cut off?") from None
    if not isinstance(table, dict):
        raise BenchError(f"{path}: not a result of the league: its top is no table")
    missing = [key for key in NEEDED if key not in table]
    if missing:
        raise BenchError(
            f"{path}: not a result of the league: without {', '.join(missing)}; write it with "
            "`gridfleet bench lorr PROBLEM --out FILE`"
        )
    return table


def problem_of(path: Path, table: dict[str, Any], given: Path | None) -> LeagueProblem:
    """The problem that was solved: the one given, or the one that the result names."""
    if given is not None:
        return read_problem(given)
    ours = table.get("gridfleet")
    named = ours.get("problem") if isinstance(ours, dict) else None
    if not isinstance(named, str):
        raise BenchError(f"{path}: does not name its problem; name it with --problem FILE.json")
    return read_problem(path.parent / named)


def check_output(table: dict[str, Any], problem: LeagueProblem) -> Findings:
    """Everything that the result claims, held against the rules."""
    found = Findings(problem)
    try:
        _check(table, found)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        found.faults.append(f"an entry has not the form that it should have: {error!r}")
    return found


def _check(table: dict[str, Any], found: Findings) -> None:
    problem, faults = found.problem, found.faults
    if problem.edition != 2023:
        missing = [key for key in NEEDED_FOR_POOLS if key not in table]
        if missing:
            faults.append(f"without {', '.join(missing)}, which problems of {problem.edition} need")
            return
    if table["teamSize"] != problem.n_units:
        faults.append(f"teamSize is {table['teamSize']}; the problem has {problem.n_units}")
    n_cols = problem.floor.n_cols
    right = [[*divmod(cell, n_cols), "E"] for cell in problem.starts.tolist()]
    wrong = [
        unit
        for unit, (one, two) in enumerate(zip(table["start"], right, strict=False))
        if one != two
    ]
    if wrong or len(table["start"]) != len(right):
        unit = wrong[0] if wrong else min(len(right), len(table["start"]))
        faults.append(f"start: agent {unit} does not start where the problem says")
        return
    drive = drive_ticks if problem.edition == 2026 else drive_steps
    driven: Drive = drive(table, problem, faults)
    found.n_steps, found.n_timeouts = len(driven.cells) - 1, driven.n_timeouts
    if "numEntryTimeouts" in table and table["numEntryTimeouts"] != driven.n_timeouts:
        faults.append(
            f"numEntryTimeouts is {table['numEntryTimeouts']}; paths show {driven.n_timeouts}"
        )
    check = check_given if problem.edition == 2023 else check_pool
    found.n_finished, found.n_events = check(table, problem, driven, faults)
    if table["numTaskFinished"] != found.n_finished:
        faults.append(f"numTaskFinished is {table['numTaskFinished']}; it is {found.n_finished}")

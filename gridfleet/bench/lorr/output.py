"""Results in the format of the league's own programs, with a few keys of ours beside.

Steps count from 0 in paths and schedules ("3:17" is task 17 from the fourth step on, and counts at
its end) and from 1 in events and errors, where step t is over. Headings are the league's.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from gridfleet.bench.lorr.record import Record, ScheduleLog

LETTERS = "FRCWT"
"""By action code; T is a wait that a timeout forces."""


def as_output(record: Record, beside: Path) -> dict[str, Any]:
    """The result as JSON that will be written to the folder `beside`."""
    problem = record.problem
    table: dict[str, Any] = {"actionModel": "MAPF_T", "teamSize": problem.n_units}
    if problem.edition == 2023:
        table["AllValid"] = "No" if record.errors else "Yes"
    else:
        table["version"] = f"{problem.edition} LoRR"
    table["start"] = [
        [*divmod(cell, problem.floor.n_cols), "E"] for cell in problem.starts.tolist()
    ]
    table["numTaskFinished"] = record.n_finished
    table["makespan"] = record.n_steps
    table["sumOfCost"] = problem.n_units * record.n_steps
    table["numPlannerErrors"] = len({error[2] for error in record.errors})
    table["numScheduleErrors"] = record.n_schedule_errors
    table["numEntryTimeouts"] = record.n_timeouts
    write = _runs if problem.edition == 2026 else _letters
    table["actualPaths"] = write(record, record.actual)
    table["plannerPaths"] = write(record, record.planned)
    seconds = record.calls_s if record.step_ms > 0.0 else []  # no clock: the same bytes each time
    table["plannerTimes"] = [round(second, 6) for second in seconds]
    table["errors"] = [list(error) for error in record.errors]
    if problem.edition == 2023:
        table["events"] = _events_by_unit(record)
        table["tasks"] = [
            [task, *divmod(int(problem.tasks.errands(index)[0]), problem.floor.n_cols)]
            for task, index, _, _ in record.tasks
        ]
    else:
        table["scheduleErrors"] = [list(error) for error in record.schedule_errors]
        table["actualSchedule"] = _schedule(record.actual_schedule)
        table["plannerSchedule"] = _schedule(record.planner_schedule)
        table["events"] = [list(event) for event in record.events]
        table["tasks"] = _tasks(record)
    table["gridfleet"] = {
        "problem": _relative(problem.path, beside),
        "planner": record.planner,
        "guidance": record.guidance,
        "depth": record.search.depth,
        "improvements": record.search.improvements,
        "seed": record.seed,
        "stepMs": record.step_ms,
        "partial": record.is_partial,
        **record.bounds,
    }
    return table


def write_output(record: Record, path: Path) -> None:
    """Write the result in one piece."""
    text = json.dumps(as_output(record, path.parent), separators=(",", ":"))
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text + "\n", encoding="utf-8")
    os.replace(temporary, path)


def _relative(problem: Path, beside: Path) -> str:
    return Path(os.path.relpath(problem.resolve(), beside.resolve())).as_posix()


def _letters(record: Record, steps: list[Any]) -> list[str]:
    """A letter a step for each unit, as "F,R,W"."""
    if not steps:
        return [""] * record.problem.n_units
    codes = np.frombuffer(LETTERS.encode(), dtype=np.uint8)[np.stack(steps, axis=1)]
    text = np.full((*codes.shape, 2), ord(","), dtype=np.uint8)
    text[:, :, 0] = codes
    return [row.tobytes()[:-1].decode() for row in text.reshape(len(codes), -1)]


def _runs(record: Record, steps: list[Any]) -> list[str]:
    """One segment for each unit, as "[(0,row,column,heading,counter):(F 3,W 2)]"."""
    problem = record.problem
    begins = [(0, *divmod(cell, problem.floor.n_cols), 0, 0) for cell in problem.starts.tolist()]
    if not steps:
        return [f"[({','.join(map(str, begin))}):()]" for begin in begins]
    paths = []
    for begin, codes in zip(begins, np.stack(steps, axis=1), strict=True):
        edges = np.flatnonzero(np.diff(codes, prepend=-1, append=-1))
        runs = [
            f"{LETTERS[codes[first]]} {last - first}"
            for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        ]
        paths.append(f"[({','.join(map(str, begin))}):({','.join(runs)})]")
    return paths


def _schedule(log: ScheduleLog) -> list[str]:
    return [",".join(f"{step}:{task}" for step, task in changes) for changes in log.changes]


def _tasks(record: Record) -> list[list[Any]]:
    tasks, n_cols = record.problem.tasks, record.problem.floor.n_cols
    return [
        [
            task,
            step,
            [part for cell in tasks.errands(index).tolist() for part in divmod(cell, n_cols)],
        ]
        for task, index, step, _ in record.tasks
    ]


def _events_by_unit(record: Record) -> list[list[list[Any]]]:
    """2023: what was assigned to each unit and finished by it, in order."""
    rows: list[list[tuple[int, int, str]]] = [[] for _ in range(record.problem.n_units)]
    for task, _, step, unit in record.tasks:
        rows[unit].append((task, step, "assigned"))
    for step, unit, task, _ in record.events:
        rows[unit].append((task, step, "finished"))
    return [[list(row) for row in sorted(events, key=lambda row: row[0])] for events in rows]

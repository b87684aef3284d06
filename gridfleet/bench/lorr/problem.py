"""Problems of the League of Robot Runners, of its editions of 2023, 2024 and 2026.

A problem is JSON that names a map, a file of starts and a file of tasks, each by a path relative to
its own folder. Keys decide the edition where `version` does not. Everything that would break a run
is found here: bad lines, starts on obstacles or on each other, errands where nobody can go.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridfleet.bench.errors import BenchError
from gridfleet.bench.lorr.cell_lists import (
    Tasks,
    read_starts,
    read_tasks,
    start_faults,
    task_faults,
)
from layouts import Layout, LayoutError
from layouts.drawing import read_text
from layouts.lorr import read_league_map

EDITIONS = (2023, 2024, 2026)
STRATEGIES = ("roundrobin", "roundrobin_fixed", "greedy")
NOT_GIVEN = -1.0
_VERSION = re.compile(r"^(\d{4}) LoRR$")


class Delays(msgspec.Struct, frozen=True, kw_only=True):
    """How units are held up (2026): events a unit and tick, and ticks that each lasts."""

    seed: int = 0
    minDelay: int = 1  # noqa: N815 (the spelling of the format, here and below)
    maxDelay: int = 1  # noqa: N815
    eventModel: Literal["bernoulli", "poisson"] = "bernoulli"  # noqa: N815
    pDelay: float = 0.0  # noqa: N815
    durationModel: Literal["uniform", "gaussian"] = "uniform"  # noqa: N815
    gaussMeanRatio: float = 0.5  # noqa: N815
    gaussStdRatio: float = 0.22  # noqa: N815


class _File(msgspec.Struct):
    mapFile: str  # noqa: N815
    agentFile: str  # noqa: N815
    teamSize: int  # noqa: N815
    taskFile: str  # noqa: N815
    numTasksReveal: float = NOT_GIVEN  # noqa: N815
    taskAssignmentStrategy: str = ""  # noqa: N815
    version: str = ""
    agentCounter: int | None = None  # noqa: N815
    agentSize: float | None = None  # noqa: N815
    delayConfig: Delays | None = None  # noqa: N815


@dataclass(frozen=True, slots=True, eq=False)
class LeagueProblem:
    """path: of its JSON. edition: one of EDITIONS. starts: int32[n_units]. reveal: open tasks a
    unit (2024, 2026), tasks in advance (2023). strategy: of 2023. counter: ticks an action takes,
    size: side of a unit in cells, delays: all of 2026."""

    path: Path
    edition: int
    floor: Layout
    starts: NDArray[np.int32]
    tasks: Tasks
    reveal: float
    strategy: str
    counter: int
    size: float
    delays: Delays

    @property
    def n_units(self) -> int:
        return len(self.starts)

    @property
    def n_open(self) -> int:
        """Tasks that are open at any time (2024, 2026)."""
        return int(self.reveal * self.n_units)


def read_problem(path: Path) -> LeagueProblem:
    """A problem with all its files. Raises BenchError with every fault found, LayoutError for its
    map."""
    file = _read_json(path)
    edition = _edition(path, file)
    faults = list(_setting_faults(path, file, edition))
    for key in ("mapFile", "agentFile", "taskFile"):
        target = path.parent / getattr(file, key)
        if not target.is_file():
            faults.append(
                f"{path}: its {key} {getattr(file, key)!r} is not there; put it at {target}"
            )
    if faults:
        raise BenchError(faults)
    try:
        floor = read_league_map(path.parent / file.mapFile)
    except LayoutError as error:
        raise BenchError(error.faults) from None
    starts = read_starts(path.parent / file.agentFile, file.teamSize, path)
    tasks = read_tasks(path.parent / file.taskFile, edition)
    faults = [
        *start_faults(path.parent / file.agentFile, floor, starts),
        *task_faults(path.parent / file.taskFile, floor, starts, tasks),
    ]
    if faults:
        raise BenchError(faults)
    given = file.numTasksReveal != NOT_GIVEN
    return LeagueProblem(
        path, edition, floor, starts, tasks,
        reveal=file.numTasksReveal if given else 1.0,
        strategy=file.taskAssignmentStrategy or "roundrobin",
        counter=10 if file.agentCounter is None else file.agentCounter,
        size=1.0 if file.agentSize is None else file.agentSize,
        delays=file.delayConfig or Delays(),
    )  # fmt: skip


def _read_json(path: Path) -> _File:
    try:
        text = read_text(path)
    except LayoutError as error:
        raise BenchError(error.faults) from None
    try:
        table: Any = json.loads(text)
    except ValueError as error:
        raise BenchError(f"{path}: is no JSON: {error}") from None
    try:
        return msgspec.convert(table, _File)
    except msgspec.ValidationError as error:
        needed = "mapFile, agentFile, taskFile and teamSize"
        raise BenchError(
            f"{path}: not a problem of the league: {error}; every problem has {needed}"
        ) from None


def _edition(path: Path, file: _File) -> int:
    """By the version that it names; without one, by keys that only one edition has."""
    if file.version:
        found = _VERSION.match(file.version)
        if found is None or int(found[1]) not in EDITIONS:
            known = ", ".join(f"'{year} LoRR'" for year in EDITIONS)
            raise BenchError(f"{path}: unknown version {file.version!r}; known: {known}")
        return int(found[1])
    if any(part is not None for part in (file.agentCounter, file.agentSize, file.delayConfig)):
        return 2026
    if file.taskAssignmentStrategy or file.numTasksReveal == NOT_GIVEN:
        return 2023
    return 2023 if file.numTasksReveal == 1.0 else 2024


def _setting_faults(path: Path, file: _File, edition: int) -> list[str]:
    checks = [
        (file.teamSize >= 1, f"teamSize is {file.teamSize}; it must be 1 or more"),
        (
            file.taskAssignmentStrategy in ("", *STRATEGIES),
            f"taskAssignmentStrategy is {file.taskAssignmentStrategy!r}; known: "
            f"{', '.join(STRATEGIES)}",
        ),
    ]  # fmt: skip
    if edition == 2023:
        checks.append((
            file.numTasksReveal in (NOT_GIVEN, 1.0),
            f"numTasksReveal is {file.numTasksReveal:g}; only 1 is known for problems of 2023",
        ))  # fmt: skip
    elif int(file.numTasksReveal * max(file.teamSize, 0)) < 1:
        checks.append((
            file.numTasksReveal == NOT_GIVEN,
            f"numTasksReveal is {file.numTasksReveal:g}; with teamSize {file.teamSize} no task is "
            "ever open; the league takes 1.5",
        ))  # fmt: skip
    counter, size = file.agentCounter, file.agentSize
    if counter is not None:
        text = f"agentCounter is {counter}; an action takes 1 tick or more"
        checks.append((counter >= 1, text))
    if size is not None:
        text = f"agentSize is {size:g}; a unit is more than 0 and at most 1 cell wide"
        checks.append((0.0 < size <= 1.0, text))
    if file.delayConfig is not None:
        checks += _delay_checks(file.delayConfig)
    return [f"{path}: {text}" for holds, text in checks if not holds]


def _delay_checks(delays: Delays) -> list[tuple[bool, str]]:
    p, least, most, std = delays.pDelay, delays.minDelay, delays.maxDelay, delays.gaussStdRatio
    checks = [
        (0.0 <= p <= 1.0, f"pDelay is {p:g}; a share from 0 to 1"),
        (least <= most, f"minDelay {least} is more than maxDelay {most}; both are ticks"),
        (least >= 1, f"minDelay is {least}; a delay takes 1 tick or more"),
        (std >= 0.0, f"gaussStdRatio is {std:g}; it must be 0 or more"),
    ]
    return [(holds, f"delayConfig: {text}") for holds, text in checks]

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
from scipy import ndimage

from gridfleet.bench.errors import BenchError
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
class Tasks:
    """Task i is to visit cells[offsets[i]:offsets[i + 1]] in that order. int64[n + 1], int32[]."""

    offsets: NDArray[np.int64]
    cells: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def errands(self, index: int) -> NDArray[np.int32]:
        """int32[k], cells to visit."""
        return self.cells[self.offsets[index] : self.offsets[index + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class LeagueProblem:
    """path: of its JSON. edition: one of EDITIONS. starts: int32[n_units]. reveal: open tasks a unit
    (2024, 2026), tasks in advance (2023). strategy: of 2023. counter: ticks an action takes, size:
    side of a unit in cells, delays: all of 2026."""

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
    starts = _read_starts(path.parent / file.agentFile, file.teamSize, path)
    tasks = _read_tasks(path.parent / file.taskFile, edition)
    faults = [
        *_start_faults(path.parent / file.agentFile, floor, starts),
        *_task_faults(path.parent / file.taskFile, floor, starts, tasks),
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
    if file.agentCounter is not None:
        checks.append(
            (
                file.agentCounter >= 1,
                f"agentCounter is {file.agentCounter}; an action takes 1 tick or more",
            )
        )
    if file.agentSize is not None:
        checks.append(
            (
                0.0 < file.agentSize <= 1.0,
                f"agentSize is {file.agentSize:g}; a unit is above 0 and at most 1 cell wide",
            )
        )
    if file.delayConfig is not None:
        checks += _delay_checks(file.delayConfig)
    return [f"{path}: {text}" for holds, text in checks if not holds]


def _delay_checks(delays: Delays) -> list[tuple[bool, str]]:
    span = f"minDelay {delays.minDelay}, maxDelay {delays.maxDelay}"
    return [
        (0.0 <= delays.pDelay <= 1.0, f"delayConfig: pDelay is {delays.pDelay:g}; a share from 0 to 1"),
        (1 <= delays.minDelay <= delays.maxDelay, f"delayConfig: {span}; both in ticks, 1 <= minDelay <= maxDelay"),
        (delays.gaussStdRatio >= 0.0, f"delayConfig: gaussStdRatio is {delays.gaussStdRatio:g}; it must be 0 or more"),
    ]  # fmt: skip


# ---------------------------------------------------------------------- lists


def _rows(path: Path, what: str) -> tuple[int, list[tuple[int, str]]]:
    """The count that a list begins with, and its rows with their line numbers."""
    try:
        lines = read_text(path).split("\n")
    except LayoutError as error:
        raise BenchError(error.faults) from None
    rows = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    if not rows or not rows[0][1].strip().isdecimal():
        found = f"line {rows[0][0]} is {rows[0][1]!r}" if rows else "it is empty"
        raise BenchError(f"{path}: {found}; its first line must be the number of {what}")
    count = int(rows[0][1])
    if len(rows) - 1 < count:
        raise BenchError(
            f"{path}: {len(rows) - 1} {what}, not {count} as its first line says; is it cut off?"
        )
    return count, rows[1 : count + 1]


def _read_starts(path: Path, n_units: int, problem: Path) -> NDArray[np.int32]:
    count, rows = _rows(path, "agents")
    if count < n_units:
        raise BenchError(
            f"{path}: {count} agents, but teamSize of {problem.name} is {n_units}; lower it or add "
            "agents"
        )
    firsts = [(number, line.split(",")[0].strip()) for number, line in rows[:n_units]]
    faults = [
        f"{path}: line {number} is {word!r}; expected a cell, as row * width + column"
        for number, word in firsts
        if not word.isdecimal()
    ]
    if faults:
        raise BenchError(faults)
    return np.array([int(word) for _, word in firsts], dtype=np.int64).astype(np.int32)


def _read_tasks(path: Path, edition: int) -> Tasks:
    count, rows = _rows(path, "tasks")
    if count == 0:
        raise BenchError(f"{path}: no tasks; there must be at least one")
    try:
        errands = [list(map(int, line.split(","))) for _, line in rows]
    except ValueError:
        raise BenchError([
            f"{path}: line {number} is {line!r}; expected cells, separated by commas"
            for number, line in rows
            if not all(word.strip().isdecimal() for word in line.split(","))
        ]) from None  # fmt: skip
    if edition == 2023:
        errands = [row[:1] for row in errands]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in errands])]).astype(np.int64)
    cells = np.array([cell for row in errands for cell in row], dtype=np.int64)
    return Tasks(offsets, np.clip(cells, -1, 2**31 - 1).astype(np.int32))


def _start_faults(path: Path, floor: Layout, starts: NDArray[np.int32]) -> list[str]:
    faults = _cell_faults(path, floor, starts, [f"agent {unit}" for unit in range(len(starts))])
    order = np.argsort(starts, kind="stable")
    for before, after in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
        if starts[before] == starts[after]:
            place = _place(int(starts[after]), floor)
            faults.append(f"{path}: agents {before} and {after} both start at {place}; move one")
    return faults


def _task_faults(path: Path, floor: Layout, starts: NDArray[np.int32], tasks: Tasks) -> list[str]:
    owner = np.repeat(np.arange(len(tasks)), np.diff(tasks.offsets))
    is_on = (tasks.cells >= 0) & (tasks.cells < floor.n_cells)
    is_free = is_on & floor.driveable[np.where(is_on, tasks.cells, 0)]
    bad = np.flatnonzero(~is_free)
    faults = _cell_faults(path, floor, tasks.cells[bad], [f"task {owner[row]}" for row in bad])
    if faults or not _are_cells(floor, starts):
        return faults
    parts = ndimage.label(floor.driveable.reshape(floor.n_rows, floor.n_cols))[0].reshape(-1)
    home = parts[starts]
    for unit in np.flatnonzero(home != home[0])[:1].tolist():
        faults.append(
            f"{path}: agents 0 and {unit} are on parts of the map that are not connected, and so "
            "cannot both do every task; open a way between them"
        )
    for row in np.flatnonzero(parts[tasks.cells] != home[0]).tolist():
        place = _place(int(tasks.cells[row]), floor)
        faults.append(f"{path}: task {owner[row]}: no agent can reach {place}; open a way to it")
    return faults


def _are_cells(floor: Layout, cells: NDArray[np.int32]) -> bool:
    return bool(((cells >= 0) & (cells < floor.n_cells)).all() and floor.driveable[cells].all())


def _cell_faults(
    path: Path, floor: Layout, cells: NDArray[np.int32], names: list[str]
) -> list[str]:
    """Of cells that are off the map or obstacles."""
    faults = []
    for cell, name in zip(cells.tolist(), names, strict=True):
        if not 0 <= cell < floor.n_cells:
            size = f"{floor.n_rows} x {floor.n_cols} cells"
            faults.append(f"{path}: {name}: cell {cell} is off the map, which has {size}")
        elif not floor.driveable[cell]:
            faults.append(f"{path}: {name}: {_place(cell, floor)} is an obstacle; take a free cell")
    return faults


def _place(cell: int, floor: Layout) -> str:
    row, col = divmod(cell, floor.n_cols)
    return f"cell {cell} (row {row + 1}, column {col + 1})"

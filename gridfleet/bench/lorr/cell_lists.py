"""Lists of cells that a problem consists of: starts of its agents, errands of its tasks.

A list is text: lines that begin with # are left out, the first other line is the number of rows,
and each row has cells as row * n_cols + column, separated by commas.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gridfleet.bench.errors import BenchError
from layouts import Layout, LayoutError
from layouts.drawing import read_text


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


def read_starts(path: Path, n_units: int, problem: Path) -> NDArray[np.int32]:
    """int32[n_units], the first starts. problem: for messages. Raises BenchError."""
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


def read_tasks(path: Path, edition: int) -> Tasks:
    """All tasks; of 2023 with one errand each. Raises BenchError."""
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


def start_faults(path: Path, floor: Layout, starts: NDArray[np.int32]) -> list[str]:
    """What makes starts impossible, each with its cure."""
    faults = _cell_faults(path, floor, starts, [f"agent {unit}" for unit in range(len(starts))])
    order = np.argsort(starts, kind="stable")
    for before, after in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
        if starts[before] == starts[after]:
            place = _place(int(starts[after]), floor)
            faults.append(f"{path}: agents {before} and {after} both start at {place}; move one")
    return faults


def task_faults(path: Path, floor: Layout, starts: NDArray[np.int32], tasks: Tasks) -> list[str]:
    """What makes tasks impossible, each with its cure."""
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

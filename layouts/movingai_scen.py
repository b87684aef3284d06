"""MovingAI scenarios (Sturtevant 2012, section IV): who goes from where to where on a map.

`version 1` and one line for each agent: bucket, map, width, height, start column and row, goal
column and row (from 0, top left) and the length of the shortest way, which is not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from layouts.drawing import read_text
from layouts.errors import LayoutError
from layouts.layout import Layout

N_FIELDS = 9
MOST_TOLD = 20


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """starts, goals: int32[n_agents], cells."""

    starts: NDArray[np.int32]
    goals: NDArray[np.int32]


def read_scen(path: Path, layout: Layout, map_name: str, n_agents: int | None = None) -> Pairs:
    """The first n_agents lines of a scenario on a floor, None for all.

    map_name: file name of the floor; the scenario must be of a map of that name, whatever its
    ending, and of the floor's size. Raises LayoutError with the faults found (the first 20).
    """
    lines = [line.rstrip("\r") for line in read_text(path).split("\n")]
    words = lines[0].split()
    if not words or words[0] != "version":
        raise LayoutError(f"{path}: not a MovingAI scenario; its first line must be 'version 1'")
    if words[1:] not in (["1"], ["1.0"]):
        raise LayoutError(f"{path}: line 1 is {lines[0]!r}; only 'version 1' is known")
    rows = [(number, line) for number, line in enumerate(lines[1:], 2) if line.strip()]
    if n_agents is not None and n_agents > len(rows):
        raise LayoutError(
            f"{path}: {len(rows)} agents, {n_agents} are asked for; use --agents {len(rows)} or "
            "a longer scenario"
        )
    rows = rows[:n_agents]
    if not rows:
        raise LayoutError(f"{path}: no agents; expected a line for each below 'version 1'")
    faults: list[str] = []
    pairs = [_pair(f"{path}: line {n}", line, layout, map_name, faults) for n, line in rows]
    if not faults:
        for column, word in ((0, "start"), (1, "goal")):
            _check_twice(path, rows, [pair[column] for pair in pairs], word, layout, faults)
    if faults:
        raise LayoutError(faults[:MOST_TOLD])
    cells = np.array(pairs, dtype=np.int32)
    return Pairs(np.ascontiguousarray(cells[:, 0]), np.ascontiguousarray(cells[:, 1]))


def _pair(
    place: str, line: str, layout: Layout, map_name: str, faults: list[str]
) -> tuple[int, int]:
    """Cells of start and goal; -1, and a fault, for what is wrong."""
    fields = line.split("\t") if "\t" in line else line.split()
    if len(fields) != N_FIELDS:
        faults.append(f"{place} has {len(fields)} fields; expected {N_FIELDS} with tabs between")
        return -1, -1
    if _stem(fields[1]) != _stem(map_name):
        faults.append(f"{place} is of map {fields[1]!r}, not of {map_name!r}; give that map")
        return -1, -1
    if not all(word.isdecimal() for word in fields[2:8]):
        faults.append(f"{place}: sizes and places must be whole numbers; is {line!r}")
        return -1, -1
    width, height, *ends = (int(word) for word in fields[2:8])
    if (width, height) != (layout.n_cols, layout.n_rows):
        faults.append(
            f"{place} is of a map of {width} x {height}, but {map_name!r} has "
            f"{layout.n_cols} x {layout.n_rows} (width x height)"
        )
        return -1, -1
    found = []
    for word, x, y in (("start", ends[0], ends[1]), ("goal", ends[2], ends[3])):
        cell = y * layout.n_cols + x
        if x >= layout.n_cols or y >= layout.n_rows:
            faults.append(f"{place}: {word} ({x},{y}) is outside the map of {width} x {height}")
        elif not layout.driveable[cell]:
            faults.append(f"{place}: {word} ({x},{y}) is on an obstacle")
        found.append(cell)
    return found[0], found[1]


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name.rsplit(".", 1)[0]


def _check_twice(
    path: Path, rows: list[tuple[int, str]], cells: list[int], word: str, layout: Layout,
    faults: list[str],
) -> None:  # fmt: skip
    seen: dict[int, int] = {}
    for (number, _), cell in zip(rows, cells, strict=True):
        if cell in seen:
            faults.append(
                f"{path}: lines {seen[cell]} and {number} have the same {word} "
                f"({cell % layout.n_cols},{cell // layout.n_cols})"
            )
        seen[cell] = number

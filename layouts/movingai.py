"""MovingAI maps (Sturtevant 2012, Benchmarks for Grid-Based Pathfinding, section III).

Four header lines (type, height, width, map), then one character per cell: `.`, `G` and `S` can be
driven, `@`, `O`, `T` and `W` cannot.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from layouts.errors import LayoutError
from layouts.layout import CellKind, Layout, open_layout

DRIVEABLE = ".GS"
BLOCKED = "@OTW"


def read_movingai(path: Path) -> Layout:
    """The map as a bare floor: no storage, no stations, every direction allowed."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) < 4 or not lines[0].startswith("type"):
        raise LayoutError(f"{path}: not a MovingAI map; its first line must begin with 'type'")
    n_rows, n_cols = _number(path, lines, 1, "height"), _number(path, lines, 2, "width")
    rows = lines[4 : 4 + n_rows]
    faults = [
        f"{path}: row {row + 1} has {len(text)} cells, not {n_cols} as the header says"
        for row, text in enumerate(rows)
        if len(text) != n_cols
    ]
    if len(rows) != n_rows:
        faults.append(f"{path}: {len(rows)} rows, not {n_rows} as the header says")
    faults += [
        f"{path}: row {row + 1}, column {col + 1}: unknown character {char!r}; use one of "
        f"{DRIVEABLE}{BLOCKED}"
        for row, text in enumerate(rows)
        for col, char in enumerate(text)
        if char not in DRIVEABLE + BLOCKED
    ]
    if faults:
        raise LayoutError(faults)
    grid = np.array([[CellKind.FLOOR if c in DRIVEABLE else 0 for c in text] for text in rows])
    return open_layout(path.stem, grid.astype(np.int8), source=str(path))


def _number(path: Path, lines: list[str], index: int, word: str) -> int:
    words = lines[index].split()
    if len(words) != 2 or words[0] != word or not words[1].isdigit() or int(words[1]) < 1:
        raise LayoutError(f"{path}: line {index + 1} is {lines[index]!r}; expected '{word} N'")
    return int(words[1])

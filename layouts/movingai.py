"""MovingAI maps (Sturtevant 2012, Benchmarks for Grid-Based Pathfinding, section III).

Four header lines (type, height, width, map), then one character per cell: `.`, `G` and `S` can be
driven, `@`, `O`, `T` and `W` cannot.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from layouts.drawing import (
    characters,
    read_text,
    size_faults,
    strange_faults,
    without_blank_end,
)
from layouts.errors import LayoutError
from layouts.layout import CellKind, Layout, open_layout

DRIVEABLE = ".GS"
BLOCKED = "@OTW"


def read_movingai(path: Path) -> Layout:
    """The map as a bare floor: no storage, no stations, every direction allowed.

    Raises LayoutError with every fault found.
    """
    rows = read_octile(path, DRIVEABLE + BLOCKED)
    is_free = np.isin(characters(rows), list(DRIVEABLE))
    kinds = np.where(is_free, CellKind.FLOOR, CellKind.OBSTACLE).astype(np.int8)
    return open_layout(path.stem, kinds, source=str(path))


def read_octile(path: Path, known: str = "") -> list[str]:
    """Rows of the drawing below the four header lines, as many and as long as they say.

    known: characters that may be drawn; "" for any. Raises LayoutError with every fault found.
    """
    lines = read_text(path).split("\n")
    if len(lines) < 4 or lines[0].split()[:1] != ["type"]:
        raise LayoutError(f"{path}: not a MovingAI map; its first line must begin with 'type'")
    faults: list[str] = []
    n_rows, n_cols = (
        _number(path, lines, index, word, faults) for index, word in ((1, "height"), (2, "width"))
    )
    if lines[3].strip() != "map":
        faults.append(f"{path}: line 4 is {lines[3]!r}; expected 'map'")
    rows = without_blank_end(lines[4:])
    if n_rows and n_cols:
        faults += size_faults(str(path), rows, n_rows, n_cols)
    if known:
        cure = f"a MovingAI map is drawn with {known}"
        faults += strange_faults(str(path), rows, known, cure)
    if faults:
        raise LayoutError(faults)
    return rows


def _number(path: Path, lines: list[str], index: int, word: str, faults: list[str]) -> int:
    words = lines[index].split()
    if len(words) == 2 and words[0] == word and words[1].isdecimal() and int(words[1]) > 0:
        return int(words[1])
    faults.append(f"{path}: line {index + 1} is {lines[index]!r}; expected '{word} N'")
    return 0

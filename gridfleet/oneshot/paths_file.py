"""Paths as text: `Agent 0: (x,y)->(x,y)->...`, a line for each agent, a place for each step.

x is the column and y the row, from 0 at the top left, as in MovingAI scenarios. An agent whose line
ends stays where it is. Lines that begin with # are notes.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layouts import Layout, LayoutError
from layouts.drawing import read_text
from layouts.loading import write_whole

_LINE = re.compile(r"Agent (\d+):\s*(\(\d+,\d+\)(?:\s*->\s*\(\d+,\d+\))*)(?:\s*->)?\s*")
_PLACE = re.compile(r"\((\d+),(\d+)\)")


def write_paths(cells: NDArray[np.int32], n_cols: int, note: str, path: Path) -> None:
    """Write int32[n_steps + 1, n_agents] cells in one piece; lines end with the last arrival."""
    lines = [f"# {note}"]
    for agent, way in enumerate(cells.T.tolist()):
        while len(way) > 1 and way[-1] == way[-2]:
            way.pop()
        places = "->".join(f"({cell % n_cols},{cell // n_cols})" for cell in way)
        lines.append(f"Agent {agent}: {places}")
    write_whole("\n".join([*lines, ""]), path)


def read_paths(path: Path, layout: Layout) -> NDArray[np.int32]:
    """int32[n_steps + 1, n_agents], cells. Raises LayoutError at the first line that is wrong."""
    ways: list[list[int]] = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        place = f"{path}: line {number}"
        match = _LINE.fullmatch(line.strip())
        if not match:
            raise LayoutError(f"{place} is {line[:60]!r}; expected 'Agent {len(ways)}: (x,y)->...'")
        if int(match[1]) != len(ways):
            raise LayoutError(f"{place} is of agent {match[1]}; expected agent {len(ways)}")
        ways.append([_cell(place, x, y, layout) for x, y in _PLACE.findall(match[2])])
    if not ways:
        raise LayoutError(f"{path}: no paths; expected lines as 'Agent 0: (x,y)->(x,y)'")
    n_times = max(map(len, ways))
    return np.array([way + way[-1:] * (n_times - len(way)) for way in ways], dtype=np.int32).T


def _cell(place: str, x: str, y: str, layout: Layout) -> int:
    if int(x) >= layout.n_cols or int(y) >= layout.n_rows:
        size = f"{layout.n_cols} x {layout.n_rows}"
        raise LayoutError(f"{place}: ({x},{y}) is outside the floor of {size} (width x height)")
    return int(y) * layout.n_cols + int(x)

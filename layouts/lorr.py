"""Maps and problems of the League of Robot Runners (rules of 2023, 2024 and 2026).

A map has the four header lines of MovingAI; `@` and `T` are obstacles and every other character can
be driven. `E` (emitters, where errands begin) and `S` (service cells, where they end) are
ordinary floor here, named as zones "E" and "S" so that errands may be drawn from them. A problem is
JSON that names its map; its agents and tasks belong to a run and are left alone.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from layouts.drawing import characters, read_text
from layouts.errors import LayoutError
from layouts.layout import CellKind, Layout, open_layout
from layouts.movingai import read_octile

BLOCKED = "@T"
ZONES = "ES"


class Problem(msgspec.Struct):
    """The keys of a problem that say something about the floor; there are others."""

    mapFile: str  # noqa: N815 (the spelling of the format)
    teamSize: int = 0  # noqa: N815


def read_league_map(path: Path) -> Layout:
    """The map as a floor without storage or stations. Raises LayoutError."""
    drawn = characters(read_octile(path))
    is_blocked = np.isin(drawn, list(BLOCKED))
    kinds = np.where(is_blocked, CellKind.OBSTACLE, CellKind.FLOOR).astype(np.int8)
    found = {char: np.flatnonzero(drawn.reshape(-1) == char).tolist() for char in ZONES}
    zones = {char: tuple(cells) for char, cells in found.items() if cells}
    return open_layout(path.stem, kinds, source=str(path), zones=zones)


def read_league_problem(path: Path) -> Layout:
    """The floor of a problem, with its team size as the recommended fleet. Raises LayoutError."""
    problem, map_path = _problem(path)
    if problem.teamSize < 0:
        raise LayoutError(f"{path}: teamSize is {problem.teamSize}; it must be 0 or more")
    floor = read_league_map(map_path)
    return replace(floor, name=path.stem, recommended_units=problem.teamSize)


def map_of_problem(path: Path) -> Path:
    """The file that a problem names as its map. Raises LayoutError."""
    return _problem(path)[1]


def _problem(path: Path) -> tuple[Problem, Path]:
    """The problem, and its map, which is there."""
    try:
        problem = msgspec.convert(json.loads(read_text(path)), Problem)
    except (ValueError, msgspec.ValidationError) as error:
        raise LayoutError(f"{path}: not a League of Robot Runners problem: {error}") from None
    map_path = path.parent / problem.mapFile
    if not map_path.is_file():
        raise LayoutError(
            f"{path}: its mapFile {problem.mapFile!r} is not there; looked for {map_path}"
        )
    return problem, map_path

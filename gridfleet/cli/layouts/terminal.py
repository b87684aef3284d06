"""A floor as characters: those of the floor file, arrows for one-way lanes, colours for people."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from layouts import Layout
from layouts.directions import lane_headings
from layouts.native_stations import PREFIXES

GLYPHS = "#.PSqCKH"
"""Characters of CellKind 0 .. 7."""
ARROWS = ">^<v"
CROSSING = "+"
"""A cell that one-way lanes leave in several directions."""
STYLES = {
    "#": "bright_black",
    ".": "dim",
    "P": "blue",
    "q": "yellow",
    "C": "green",
    "K": "cyan",
    "H": "magenta",
}
STATION_STYLE, LANE_STYLE = "bold black on yellow", "bright_white"
WORDS = {
    "#": "obstacle", ".": "floor", "P": "storage", "q": "queue", "C": "charger", "K": "parking",
    "H": "people", CROSSING: "crossing of one-way lanes",
}  # fmt: skip


def glyphs(layout: Layout) -> NDArray[np.str_]:
    """The character of every cell, shape (n_rows, n_cols)."""
    found = np.array(list(GLYPHS))[layout.kinds]
    lanes = lane_headings(layout)
    is_lane = lanes >= 0
    found[is_lane] = np.array([*ARROWS, CROSSING])[lanes[is_lane]]
    for station in layout.stations:
        found[station.cell] = PREFIXES[station.kind]
    return found.reshape(layout.n_rows, layout.n_cols)


def legend(layout: Layout, drawn: NDArray[np.str_]) -> str:
    """What the characters in use mean."""
    seen = set(np.unique(drawn).tolist())
    parts = [f"{char} {word}" for char, word in WORDS.items() if char in seen]
    kinds = {station.kind: None for station in layout.stations}
    parts += [f"{PREFIXES[kind]} {kind.value} station" for kind in kinds]
    if seen & set(ARROWS):
        parts.append(f"{' '.join(ARROWS)} one-way")
    return "   ".join(parts)


def print_floor(layout: Layout) -> None:
    """The floor and its legend on stdout, coloured and cut to the width of a terminal."""
    console, drawn = Console(highlight=False), glyphs(layout)
    is_cut = console.is_terminal and console.width < layout.n_cols
    n_cols = console.width if is_cut else layout.n_cols
    letters = set(PREFIXES.values())
    for row in drawn[:, :n_cols].tolist():
        line = Text(no_wrap=True, overflow="ignore")
        for char, run in groupby(row):
            style = STATION_STYLE if char in letters else STYLES.get(char, LANE_STYLE)
            line.append("".join(run), style)
        console.print(line, soft_wrap=True)
    if is_cut:
        print(f"(columns 1 to {n_cols} of {layout.n_cols}; the picture shows all)")
    print(legend(layout, drawn))

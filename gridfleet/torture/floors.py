"""Small random floors: aisles, storage, and stations with queues or with mere doors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layouts import CellKind, Heading, Layout, Station, StationKind, open_layout
from layouts.generate.blocks import BlockFloor, block_floor
from layouts.generate.figures import Side, StationRow

LEAST_ROWS, MOST_ROWS = 6, 10
LEAST_COLS, MOST_COLS = 6, 12
QUEUE_SHARE = 0.5
"""Of floors whose stations have queues, as in a ready-made floor; the others are hand-drawn."""


def draw_floor(rng: np.random.Generator) -> Layout:
    """A floor of at most about 12 x 12 cells with one to three stations."""
    return _with_queues(rng) if rng.random() < QUEUE_SHARE else _with_doors(rng)


def _with_queues(rng: np.random.Generator) -> Layout:
    """Blocks of storage, and stations on one side with queues and exit lanes of their own."""
    while True:
        side = Side(rng.choice([str(side) for side in Side]))
        row = StationRow(side, int(rng.integers(1, 4)), StationKind.PICK, int(rng.integers(1, 3)))
        figures = BlockFloor(
            name="queues",
            blocks_across=int(rng.integers(1, 4)),
            blocks_down=int(rng.integers(1, 4)),
            block_width=int(rng.integers(1, 5)),
            block_depth=int(rng.integers(1, 3)),
            aisle_width=int(rng.integers(1, 3)),
            cross_aisle_width=int(rng.integers(1, 3)),
            highway_width=int(rng.integers(2, 4)),
            margin_width=int(rng.integers(1, 3)),
            stations=(row,),
        )
        if _fits(figures, row):
            return block_floor(figures)


def _fits(figures: BlockFloor, row: StationRow) -> bool:
    pitches = figures.block_depth + figures.aisle_width, figures.block_width
    n_rows = figures.blocks_down * pitches[0] - figures.aisle_width + 2 * figures.margin_width
    n_cols = figures.blocks_across * (pitches[1] + figures.cross_aisle_width)
    n_cols += 2 * figures.margin_width - figures.cross_aisle_width
    is_flat = row.side in (Side.NORTH, Side.SOUTH)
    length = n_cols if is_flat else n_rows
    is_small = n_rows <= MOST_ROWS and n_cols <= MOST_COLS and min(n_rows, n_cols) >= 4
    return is_small and 3 * row.count <= length


def _with_doors(rng: np.random.Generator) -> Layout:
    """Strips of storage one or two wide, broken here and there, and stations as recesses in the
    southern wall: in and out by the same door."""
    n_rows = int(rng.integers(LEAST_ROWS, MOST_ROWS + 1))
    n_cols = int(rng.integers(LEAST_COLS, MOST_COLS + 1))
    kinds = np.full((n_rows, n_cols), CellKind.FLOOR, dtype=np.int8)
    _add_storage(kinds, rng)
    kinds[-1] = CellKind.OBSTACLE
    n_stations = int(rng.integers(1, 1 + min(3, n_cols // 3)))
    columns = np.sort(rng.choice(n_cols // 2, n_stations, replace=False)) * 2
    columns += int(rng.integers(0, 1 + n_cols % 2))
    kinds[-1, columns] = CellKind.STATION
    stations = tuple(
        Station(f"S{number}", StationKind.PICK, (n_rows - 1) * n_cols + col, (), Heading.SOUTH)
        for number, col in enumerate(columns.tolist(), start=1)
    )
    return open_layout("doors", kinds, stations=stations, source="torture")


def _add_storage(kinds: NDArray[np.int8], rng: np.random.Generator) -> None:
    n_rows, n_cols = kinds.shape
    col = 1
    while col < n_cols - 1:
        width = min(int(rng.integers(1, 3)), n_cols - 1 - col)
        strip = kinds[1 : n_rows - 3, col : col + width]
        strip[:] = CellKind.STORAGE
        if len(strip) > 3 and rng.random() < 0.6:
            strip[int(rng.integers(1, len(strip) - 1))] = CellKind.FLOOR
        col += width + int(rng.integers(1, 3))

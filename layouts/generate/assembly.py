"""From checked figures to a floor: what both generators do alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from layouts.errors import LayoutError
from layouts.generate.canvas import Canvas, Hall
from layouts.generate.figures import (
    Side,
    StationRow,
    common_faults,
    figure_faults,
    room_faults,
    row_faults,
    size_faults,
)
from layouts.generate.walls import add_walls, wall_faults
from layouts.layout import Layout, StationKind


class Figures(Protocol):
    """The figures that every kind of floor has."""

    @property
    def name(self) -> str: ...
    @property
    def stations(self) -> tuple[StationRow, ...]: ...
    @property
    def chargers(self) -> int: ...
    @property
    def parking(self) -> int: ...
    @property
    def one_way(self) -> bool: ...
    @property
    def cell_size_m(self) -> float: ...
    @property
    def recommended_units(self) -> int: ...
    @property
    def description(self) -> str: ...


F = TypeVar("F", bound=Figures)


def check(
    figures: F, sizes: Sequence[str], own_faults: Sequence[str], kinds: Sequence[StationKind],
    hall_of: Callable[[F], Hall],
) -> None:  # fmt: skip
    """Raise LayoutError with every fault. sizes: names of figures that must be 1 or more.
    own_faults: of this kind of floor. kinds: of stations that it may have."""
    lows = dict.fromkeys(sizes, 1) | {"chargers": 0, "parking": 0}
    faults = [*figure_faults(figures, lows), *own_faults]
    faults += common_faults(figures.name, figures.cell_size_m, figures.recommended_units)
    row_problems = row_faults(figures.stations, kinds)
    if not (faults or row_problems):  # sizes mean something
        hall = hall_of(figures)
        lengths = {side.value: hall.length(side) for side in Side}
        faults += room_faults(figures.stations, lengths)
        faults += wall_faults(hall, figures.stations, figures.chargers, figures.parking)
        faults += size_faults(*hall.shape)
    if faults or row_problems:
        raise LayoutError([f"{figures.name}: {fault}" for fault in faults + row_problems])


def assemble(
    figures: Figures, canvas: Canvas, ring: dict[Side, int], description: str, n_units: int
) -> Layout:
    """The floor of a canvas on which blocks or chutes stand already. ring: cells of the hall around
    them, per side. description, n_units: where the figures do not say."""
    canvas.add_station_rows(figures.stations)
    add_walls(canvas, figures.stations, figures.chargers, figures.parking)
    if figures.one_way:
        canvas.make_one_way(ring)
    return canvas.layout(
        figures.name,
        cell_size_m=figures.cell_size_m,
        description=figures.description or description,
        recommended_units=figures.recommended_units or n_units,
    )

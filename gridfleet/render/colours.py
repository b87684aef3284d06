"""Colours of the scene. Kinds of cells look as on other pictures of floors, a shade lighter."""

from __future__ import annotations

from gridfleet.floor_picture import KIND_COLOURS, STATION_COLOURS
from gridfleet.poses.recording import STATES
from gridfleet.render.mesh import Colour, rgb
from layouts import CellKind, StationKind

LOOKS = {
    "drives empty": ("#2473d8", ("empty",)),
    "drives loaded": ("#f07818", ("loaded",)),
    "lifts or lowers": ("#f2c218", ("lifting", "lowering")),
    "at a station": ("#23a55a", ("at_station",)),
    "waits": ("#8a5cc2", ("waiting",)),
    "stopped": ("#d6232a", ("stopped",)),
}
"""What a unit is doing, in the words of the legend: its colour and the states that it stands for.
A unit that turns looks as one that drives."""
SKY: Colour = (222, 228, 235)
GROUND: Colour = (198, 204, 211)
CONCRETE: Colour = (229, 229, 224)
LINE: Colour = (205, 206, 202)
WALL: Colour = (214, 217, 221)
STEEL: Colour = (66, 92, 134)
DARK: Colour = (38, 43, 50)
WOOD: Colour = (196, 158, 112)
GOODS = tuple(
    map(
        rgb,
        ("#c99a5b", "#b9854a", "#d9b382", "#3f7cac", "#d1495b", "#edae49", "#66a182", "#e8e4da"),
    )
)
SHIRTS = tuple(map(rgb, ("#f26b21", "#e0d12a", "#2f9e77", "#3a6ea5")))
SKINS = tuple(map(rgb, ("#e8b894", "#c68863", "#8d5a3c", "#f1cdb0")))


def colour_of(state: int, pod: int) -> Colour:
    """Of a unit in that state of STATES with that pod or -1."""
    name = STATES[state]
    if name == "turning":
        name = "loaded" if pod >= 0 else "empty"
    return next(rgb(colour) for colour, names in LOOKS.values() if name in names)


def lighter(colour: Colour, share: float) -> Colour:
    """So much of the way to white."""
    red, green, blue = (round(part + (255 - part) * share) for part in colour)
    return red, green, blue


def of_kind(kind: CellKind) -> Colour:
    if kind in (CellKind.FLOOR, CellKind.OBSTACLE):
        return CONCRETE
    return lighter(rgb(KIND_COLOURS[kind]), 0.15)


def of_station(kind: StationKind) -> Colour:
    return rgb(STATION_COLOURS[kind])

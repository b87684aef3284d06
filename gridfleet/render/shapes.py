"""Units, pods, people and their places, and the building, as meshes around their own origin."""

from __future__ import annotations

from math import hypot

import numpy as np

from gridfleet.render import colours
from gridfleet.render.mesh import (
    WHITE,
    Colour,
    Mesh,
    box,
    flat,
    joined,
    moved,
    pillar,
    quads,
)
from layouts import CellKind, Layout, StationKind
from layouts.geometry import COL_STEP, ROW_STEP, neighbour_table
from twin.unit_model import UnitModel

OBSTACLE_M, KERB_M = 0.7, 0.35
"""Heights of obstacles and of what runs around the floor: low, so that they hide nothing."""
SHADOW = (30, 36, 46)
SHADOW_ALPHA = 92


def unit_body(unit: UnitModel, colour: Colour) -> Mesh:
    """A unit that faces east: dark below, in its colour above, an arrow on top."""
    long, wide, top = unit.length_m, unit.width_m, unit.body.chassis_height_m
    half_x, half_y, waist, nose = long / 2, wide / 2, 0.45 * top, 0.12 * long
    tip, notch = (0.36 * long, 0.0), (-0.02 * long, 0.0)
    left = [tip, (-0.1 * long, 0.32 * wide), notch]
    right = [tip, notch, (-0.1 * long, -0.32 * wide)]
    tail = [
        (a * long, b * wide) for a, b in ((-0.4, 0.4), (-0.4, -0.4), (-0.33, -0.4), (-0.33, 0.4))
    ]
    return joined(
        box((-half_x, -half_y, 0.03), (half_x, half_y, waist), colours.DARK),
        box((-half_x, -half_y, waist), (half_x - nose, half_y, top), colour),
        box((half_x - nose, -half_y, waist), (half_x, half_y, 0.93 * top), colours.DARK),
        flat(left, top + 0.015, WHITE),
        flat(right, top + 0.015, WHITE),
        flat(tail, top + 0.012, colours.DARK),
        *(_lamp(half_x, side * 0.62 * half_y, 0.68 * top) for side in (-1, 1)),
    )


def _lamp(x: float, y: float, z: float) -> Mesh:
    ends = [(y - 0.05, z - 0.03), (y + 0.05, z - 0.03), (y + 0.05, z + 0.03), (y - 0.05, z + 0.03)]
    return quads([[(x + 0.01, a, b) for a, b in ends]], (255, 246, 214))


def pod(unit: UnitModel) -> Mesh:
    """Four sides, down to the feet, and the cover. The texture (textures.pod_texture) has the sides
    in its left half, with nothing where there are but legs, and the cover in the upper right."""
    half, top = unit.pod_side_m / 2, unit.body.pod_height_m
    mesh = box((-half, -half, 0.0), (half, half, top), WHITE)
    mesh["spot"][:16] *= (0.5, 1.0)
    mesh["spot"][16:] = mesh["spot"][16:] * 0.5 + 0.5
    return mesh


def pod_flag(unit: UnitModel, colour: Colour) -> Mesh:
    """A frame on the top of a pod that is carried, in the colour of its unit."""
    half, z = unit.pod_side_m / 2 + 0.02, unit.body.pod_height_m
    inner = half - 0.17
    strips = [
        ((-half, -half), (half, -inner)), ((-half, inner), (half, half)),
        ((-half, -inner), (-inner, inner)), ((inner, -inner), (half, inner)),
    ]  # fmt: skip
    return joined(*(box((a, b, z - 0.08), (c, d, z + 0.06), colour) for (a, b), (c, d) in strips))


def pod_shadow(unit: UnitModel, slope: tuple[float, float]) -> Mesh:
    """On the floor; slope: metres east and north that a shadow goes for a metre of height."""
    half = unit.pod_side_m / 2
    return _cast(half, half, unit.body.pod_clear_m, unit.body.pod_height_m, slope)


def unit_shadow(unit: UnitModel) -> Mesh:
    """Soft and close around the unit, so that it may turn with it."""
    half_x, half_y = unit.length_m / 2 + 0.07, unit.width_m / 2 + 0.07
    return flat([(half_x, half_y), (-half_x, half_y), (-half_x, -half_y), (half_x, -half_y)], 0.0,
                SHADOW, SHADOW_ALPHA)  # fmt: skip


def _cast(
    half_x: float, half_y: float, low: float, high: float, slope: tuple[float, float]
) -> Mesh:  # fmt: skip
    """The shadow of an upright box: the hull of its underside and its top as they fall."""
    from scipy.spatial import ConvexHull

    corners = np.array([(x, y) for x in (-half_x, half_x) for y in (-half_y, half_y)])
    points = np.concatenate([corners + np.array(slope) * z for z in (low, high)])
    hull = points[ConvexHull(points).vertices]
    return flat([(float(x), float(y)) for x, y in hull], 0.0, SHADOW, SHADOW_ALPHA)


def person(shirt: Colour, skin: Colour) -> Mesh:
    """Somebody who faces east."""
    return joined(
        pillar((0, 0.09), 0.085, 0.0, 0.85, (52, 62, 84), 6),
        pillar((0, -0.09), 0.085, 0.0, 0.85, (52, 62, 84), 6),
        pillar((0, 0), 0.21, 0.82, 1.45, shirt, 10, top=0.85),
        box((0.1, 0.2, 0.98), (0.48, 0.29, 1.08), skin),
        box((0.1, -0.29, 0.98), (0.48, -0.2, 1.08), skin),
        pillar((0, 0), 0.06, 1.45, 1.52, skin, 6),
        pillar((0, 0), 0.115, 1.52, 1.68, skin, 10),
        pillar((0, 0), 0.125, 1.66, 1.78, (58, 42, 32), 10, top=0.6),
    )


def workplace(colour: Colour) -> Mesh:
    """Desk, screen and totes of whoever works at a station; the pod comes from the east."""
    return joined(
        box((-0.3, 0.32, 0.0), (0.3, 0.48, 0.95), colours.WOOD),
        box((-0.2, 0.46, 0.95), (0.2, 0.48, 1.4), colours.DARK),
        box((-0.3, -0.48, 0.0), (0.3, -0.3, 0.75), colours.WALL),
        box((-0.26, -0.46, 0.75), (0.0, -0.32, 0.95), colours.GOODS[3]),
        box((0.03, -0.46, 0.75), (0.27, -0.32, 0.92), colours.GOODS[0]),
        box((0.36, -0.48, 0.0), (0.44, 0.48, 0.12), colour),
    )


def chute(colour: Colour) -> Mesh:
    """Where units drop parcels: a hole with a rim."""
    return joined(
        box((-0.42, -0.42, 0.0), (0.42, 0.42, 0.45), colour),
        box((-0.32, -0.32, 0.0), (0.32, 0.32, 0.46), colours.DARK, "+z"),
    )


def obstacles(layout: Layout, without: set[int]) -> Mesh:
    """All cells where nobody goes, but those; sides only where something can be seen of them."""
    cell_m, centres = layout.cell_size_m, layout.centres_m()
    is_solid = (layout.kinds == CellKind.OBSTACLE).copy()
    is_solid[sorted(without)] = False
    beside = neighbour_table(layout.n_rows, layout.n_cols)
    is_hidden = (beside >= 0) & is_solid[beside]
    pieces = []
    for cell in np.flatnonzero(is_solid).tolist():
        sides = "+z" + "".join(
            side for side, hidden in zip(("+x", "+y", "-x", "-y"), is_hidden[cell], strict=True)
            if not hidden
        )  # fmt: skip
        x, y = (float(value) for value in centres[cell])
        half = cell_m / 2
        pieces.append(
            box((x - half, y - half, 0), (x + half, y + half, OBSTACLE_M), colours.WALL, sides)
        )
    return joined(*pieces)


def kerb(layout: Layout) -> Mesh:
    """Around the floor."""
    wide, deep = layout.n_cols * layout.cell_size_m, layout.n_rows * layout.cell_size_m
    t, gap = 0.12, layout.wall_gap_m
    low, high_x, high_y = -gap - t, wide + gap + t, deep + gap + t
    return joined(
        box((low, low, 0), (high_x, low + t, KERB_M), colours.WALL),
        box((low, high_y - t, 0), (high_x, high_y, KERB_M), colours.WALL),
        box((low, low + t, 0), (low + t, high_y - t, KERB_M), colours.WALL),
        box((high_x - t, low + t, 0), (high_x, high_y - t, KERB_M), colours.WALL),
    )


def ground(layout: Layout) -> Mesh:
    """What is around the floor, to the horizon; not below it: what is hidden costs time."""
    wide, deep = layout.n_cols * layout.cell_size_m, layout.n_rows * layout.cell_size_m
    far = 4 * hypot(wide, deep)
    strips = [
        (-far, -far, wide + far, 0.0), (-far, deep, wide + far, deep + far),
        (-far, 0.0, 0.0, deep), (wide, 0.0, wide + far, deep),
    ]  # fmt: skip
    return joined(
        *(flat([(a, b), (c, b), (c, d), (a, d)], 0.0, colours.GROUND) for a, b, c, d in strips)
    )


def places_of_people(layout: Layout) -> dict[int, tuple[int, float, float, float]]:
    """Of each station beside which nobody drives: (the cell there or -1, x, y of its middle, yaw
    towards the station)."""
    places = {}
    centres, driveable = layout.centres_m(), layout.driveable
    for number, station in enumerate(layout.stations):
        row, col = layout.row_col(station.cell)
        row, col = row + ROW_STEP[station.facing], col + COL_STEP[station.facing]
        is_inside = 0 <= row < layout.n_rows and 0 <= col < layout.n_cols
        cell = layout.cell(row, col) if is_inside else -1
        if is_inside and driveable[cell]:
            continue
        x, y = centres[station.cell] + layout.cell_size_m * np.array(
            (COL_STEP[station.facing], -ROW_STEP[station.facing])
        )
        places[number] = cell, float(x), float(y), (station.facing + 2) % 4 * np.pi / 2
    return places


def stations(layout: Layout, seed: int) -> tuple[Mesh, set[int]]:
    """People with their workplaces, and chutes; and the cells that they stand on."""
    rng = np.random.default_rng([seed, 0x9E09])
    pieces, cells = [], set()
    for number, (cell, x, y, yaw) in places_of_people(layout).items():
        station = layout.stations[number]
        colour = colours.of_station(station.kind)
        if station.kind == StationKind.EJECT:
            pieces.append(moved(chute(colour), x, y, yaw))
        else:
            shirt, skin = (
                choice[int(rng.integers(len(choice)))] for choice in (colours.SHIRTS, colours.SKINS)
            )
            pieces.append(moved(joined(person(shirt, skin), workplace(colour)), x, y, yaw))
        cells.add(cell)
    return joined(*pieces), cells - {-1}

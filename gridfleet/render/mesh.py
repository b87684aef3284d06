"""Shapes as plain arrays of quads, before a renderer sees them.

A mesh is VERTEX[4 * n_quads]; the corners of a quad run counter-clockwise seen from outside. World
axes: x east or ahead, y north or to the left, z up; metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VERTEX = np.dtype(
    [
        ("place", np.float32, 3),
        ("normal", np.float32, 3),
        ("colour", np.uint8, 4),
        ("spot", np.float32, 2),  # of the texture, 0 to 1, from the lower left
    ]
)
Mesh = NDArray[np.void]
Colour = tuple[int, int, int]
FULL = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float32)
WHITE: Colour = (255, 255, 255)


def rgb(colour: str) -> Colour:
    """(red, green, blue), 0 to 255, of a colour as #rrggbb."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def quads(
    corners: NDArray[np.float64] | list[object], colour: Colour, alpha: int = 255
) -> Mesh:  # fmt: skip
    """corners: float[k, 4, 3]; the whole texture lies on each."""
    places = np.asarray(corners, dtype=np.float64).reshape(-1, 4, 3)
    normals = np.cross(places[:, 1] - places[:, 0], places[:, 2] - places[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    mesh = np.zeros((len(places), 4), dtype=VERTEX)
    mesh["place"], mesh["normal"] = places, normals[:, None]
    mesh["colour"], mesh["spot"] = (*colour, alpha), FULL
    return mesh.reshape(-1)


def plane(size: tuple[float, float], shares: tuple[float, float], tile: float) -> Mesh:
    """A level quad from the origin, in tiles of about that side: the renderer is not exact enough
    for large ones seen from near. shares: of the texture, from its upper left, that lie on it."""
    nx, ny = (max(1, round(side / tile)) for side in size)
    xs, ys = np.arange(nx + 1) / nx, np.arange(ny + 1) / ny
    x, y = (part.ravel() for part in np.meshgrid(xs[:-1], ys[:-1]))
    corners = np.stack(
        [np.column_stack([x + a / nx, y + b / ny]) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))],
        axis=1,
    )
    mesh = quads(np.concatenate([corners * size, np.zeros((len(x), 4, 1))], axis=2), WHITE)
    mesh["spot"] = ((corners - (0, 1)) * shares + (0, 1)).reshape(-1, 2)
    return mesh


def box(
    low: tuple[float, float, float], high: tuple[float, float, float], colour: Colour,
    sides: str = "+x-x+y-y+z",
) -> Mesh:  # fmt: skip
    """An upright box; sides: those that are drawn."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    faces = {
        "+x": [(x1, y0, z0), (x1, y1, z0), (x1, y1, z1), (x1, y0, z1)],
        "-x": [(x0, y1, z0), (x0, y0, z0), (x0, y0, z1), (x0, y1, z1)],
        "+y": [(x1, y1, z0), (x0, y1, z0), (x0, y1, z1), (x1, y1, z1)],
        "-y": [(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)],
        "+z": [(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)],
    }
    return quads([faces[side] for side in faces if side in sides], colour)


def flat(outline: list[tuple[float, float]], z: float, colour: Colour, alpha: int = 255) -> Mesh:
    """A convex polygon that lies at the height z, seen from above."""
    points = [(x, y, z) for x, y in outline]
    fans = [(points[0], points[i], points[i + 1], points[i + 1]) for i in range(1, len(points) - 1)]
    return quads(np.array(fans), colour, alpha)


def pillar(
    at: tuple[float, float], radius: float, low: float, high: float, colour: Colour,
    n_sides: int = 10, top: float = 1.0,
) -> Mesh:  # fmt: skip
    """An upright round body with a lid; top: share of the radius that it has there."""
    angles = np.linspace(0, 2 * np.pi, n_sides + 1)
    ring = np.column_stack([np.cos(angles), np.sin(angles)]) * radius
    feet = np.column_stack([ring + at, np.full(len(ring), low)])
    heads = np.column_stack([ring * top + at, np.full(len(ring), high)])
    sides = np.stack([feet[:-1], feet[1:], heads[1:], heads[:-1]], axis=1)
    lid = [(float(x), float(y)) for x, y in heads[:-1, :2]]
    return np.concatenate([quads(sides, colour), flat(lid, high, colour)])


def joined(*meshes: Mesh) -> Mesh:
    return np.concatenate([np.zeros(0, dtype=VERTEX), *meshes])


def lit(mesh: Mesh, towards: tuple[float, float, float], ambient: float, sun: float) -> Mesh:
    """The same as it looks in light from everywhere and from a sun that shines that way."""
    way = np.array(towards) / np.linalg.norm(towards)
    light = ambient + sun * np.maximum(-(mesh["normal"] @ way), 0.0)
    result = mesh.copy()
    colours = mesh["colour"][:, :3] * light[:, None]
    result["colour"][:, :3] = np.clip(np.round(colours), 0, 255)
    return result


def moved(mesh: Mesh, x: float, y: float, yaw_rad: float = 0.0) -> Mesh:
    """The same turned about the upright axis of its origin, then moved there."""
    turn = np.array([[np.cos(yaw_rad), np.sin(yaw_rad)], [-np.sin(yaw_rad), np.cos(yaw_rad)]])
    result = mesh.copy()
    for name in ("place", "normal"):
        result[name][:, :2] = mesh[name][:, :2] @ turn
    result["place"][:, :2] += (x, y)
    return result

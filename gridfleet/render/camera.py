"""Where the picture is taken from: above the whole floor, or behind one unit."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan, cos, degrees, hypot, radians, sin, tan

import numpy as np
from numpy.typing import NDArray

TILT_RAD = radians(55.0)
"""Of the overview: how steeply it looks down. Lower, and shelves hide the aisles behind them."""
FOV_RAD = radians(38.0)
"""Of the overview, along the longer side of the picture."""
FOLLOW_FOV_RAD = radians(62.0)
BEHIND_M, ABOVE_M, AHEAD_M = 5.0, 4.4, 2.0
"""The follow camera: so far behind and above the unit, looking at the floor so far ahead."""


@dataclass(frozen=True, slots=True)
class View:
    """eye, target: world, metres; angles_deg: whole opening, horizontal and vertical. Everything
    between near_m and far_m is seen."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    angles_deg: tuple[float, float]
    near_m: float
    far_m: float

    def pixel_of(self, places: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
        """float64[k, 2], where points float64[k, 3] of the world are in a picture of that size,
        from its upper left corner."""
        right, up, ahead = _axes(np.array(self.target) - self.eye)
        seen = np.asarray(places) - self.eye
        depth = seen @ ahead
        half_x, half_y = (tan(radians(angle) / 2) for angle in self.angles_deg)
        x = (seen @ right) / (depth * half_x)
        y = (seen @ up) / (depth * half_y)
        return np.column_stack([(1 + x) * width / 2, (1 - y) * height / 2])


def overview(
    size_m: tuple[float, float], tall_m: float, margin_m: float, width: int, height: int
) -> View:  # fmt: skip
    """The whole floor of that size and a margin, where people stand, from the south, as close as it
    fits into the picture.

    A camera sees a point if it lies between four planes through its eye. Each plane leaves one
    bound on where the eye may be, and the nearest eye within all of them is had in closed form."""
    angles = _angles(FOV_RAD, width, height)
    ahead = np.array([0.0, cos(TILT_RAD), -sin(TILT_RAD)])
    right, up, ahead = _axes(ahead)
    xs, ys = ((-margin_m, side + margin_m) for side in size_m)
    points = np.array([(x, y, z) for x in xs for y in ys for z in (0.0, tall_m)])
    depth = points @ ahead
    backs, middles = [], []
    for axis, angle in ((right, angles[0]), (up, angles[1])):
        slope = tan(radians(angle) / 2) * 0.97
        side = points @ axis
        most, least = float((side - depth * slope).max()), float((-side - depth * slope).max())
        backs.append(-(most + least) / (2 * slope))
        middles.append((most - least) / 2)
    back = min(backs)
    eye = middles[0] * right + middles[1] * up + back * ahead
    near, far = float(depth.min() - back), float(depth.max() - back)
    return View(_point(eye), _point(eye + ahead), angles, max(0.5 * near, 0.1), 4 * far)


def follow(
    pose: NDArray[np.float64], yaw_rad: float, width: int, height: int, far_m: float
) -> View:
    """Behind a unit at `pose` (x, y, yaw), looking along yaw_rad. far_m: as far as there is
    anything to see."""
    ahead = np.array([cos(yaw_rad), sin(yaw_rad)])
    x, y = float(pose[0]), float(pose[1])
    eye = np.array([x, y]) - BEHIND_M * ahead
    target = np.array([x, y]) + AHEAD_M * ahead
    return View(
        (float(eye[0]), float(eye[1]), ABOVE_M), (float(target[0]), float(target[1]), 0.3),
        _angles(FOLLOW_FOV_RAD, width, height), 0.5, far_m + hypot(BEHIND_M, ABOVE_M),
    )  # fmt: skip


def _angles(fov_rad: float, width: int, height: int) -> tuple[float, float]:
    """Degrees, horizontal and vertical, so that the longer side opens by fov_rad."""
    scale = tan(fov_rad / 2) / max(width, height)
    return degrees(2 * atan(width * scale)), degrees(2 * atan(height * scale))


def _axes(ahead: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Unit vectors to the right, up and ahead of a level camera that looks that way."""
    ahead = ahead / np.linalg.norm(ahead)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    return right, np.cross(right, ahead), ahead


def _point(place: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(place[0]), float(place[1]), float(place[2])

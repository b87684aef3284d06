"""Takes pictures of a recorded run: the scene at a moment, the camera, the strip below."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridfleet.poses.reading import Moment, Poses
from gridfleet.render import camera, colours, strip
from gridfleet.render.canvas import Canvas, RenderError
from gridfleet.render.scene import Scene
from gridfleet.run_folder import SCENARIO
from gridfleet.scenario import read_scenario
from gridfleet.typed_files import suggest
from layouts import load

if TYPE_CHECKING:
    from PIL.Image import Image

CAMERAS = ("overview", "follow")
LEAST_PX, MOST_PX = 64, 4096
EASE_S = 1.0
"""The follow camera looks where its unit faces on the mean of so long before and after: it swings
round a corner where the unit turns on the spot."""
N_LOOKS = 9
CLEAR_M = 0.8
"""Pods so close to the line from the camera to its unit are drawn faintly."""


@dataclass(frozen=True, slots=True)
class Shot:
    """How pictures are taken. unit: the one to follow; -1 with the overview camera.

    Raises RenderError for a camera that there is not, and for impossible sizes."""

    camera: str = "overview"
    unit: int = -1
    width: int = 1280
    height: int = 720

    def __post_init__(self) -> None:
        if self.camera not in CAMERAS:
            raise RenderError(f"unknown camera {self.camera!r}; {suggest(self.camera, CAMERAS)}")
        if not all(LEAST_PX <= side <= MOST_PX for side in (self.width, self.height)):
            raise RenderError(
                f"a picture of {self.width}x{self.height} pixels; give {LEAST_PX} to {MOST_PX} "
                "each way"
            )


class Studio:
    """Everything to take pictures of the run in that folder. poses: what was recorded.

    Raises a GridfleetError for what is no run with poses, a floor that is gone, a unit that is not
    there, or no renderer.
    """

    def __init__(self, folder: Path, shot: Shot) -> None:
        self._shot, self.poses = shot, Poses(folder)
        scenario = read_scenario(folder / SCENARIO)
        self._layout = layout = load(scenario.layout)
        n_units = self.poses.n_units
        if shot.camera == "follow" and not 0 <= shot.unit < n_units:
            raise RenderError(
                f"unit {shot.unit} is not in the run; its units are 0 to {n_units - 1}"
            )
        below = strip.height_px(shot.height)
        self._height = shot.height - below
        self._canvas = Canvas(shot.width, self._height, colours.SKY)
        self._scene = Scene(self._canvas, layout, scenario.unit, scenario.seed)
        title = f"{layout.name}  ·  {n_units:,} units"
        if shot.camera == "follow":
            title = f"{layout.name}  ·  unit {shot.unit}"
        self._strip = strip.Strip(shot.width, below, title)
        cell_m = layout.cell_size_m
        self._size_m = layout.n_cols * cell_m, layout.n_rows * cell_m
        self._tall_m = scenario.unit.body.pod_height_m
        self._overview = camera.overview(
            self._size_m, self._tall_m, cell_m, shot.width, self._height
        )

    def picture(self, time_s: float) -> Image:
        """The picture at that time. Raises RenderError where the unit to follow is not on the floor
        then."""
        moment = self.poses.moment(time_s)
        self._scene.show(moment)
        view = self.view(moment)
        if self._shot.camera == "follow":
            row = int(np.searchsorted(moment.units, self._shot.unit))
            self._scene.clear_sight(view.eye, moment.poses[row], int(moment.pods[row]), CLEAR_M)
        return self._strip.under(self._canvas.shoot(view), time_s)

    def view(self, moment: Moment) -> camera.View:
        """Where the camera is at that moment. Its picture is above the strip."""
        if self._shot.camera == "overview":
            return self._overview
        pose = self._pose_of(moment)
        if pose is None:
            raise RenderError(
                f"unit {self._shot.unit} is not on the floor at that time; choose another with "
                "--unit, or another time"
            )
        times = moment.time_s + np.linspace(-EASE_S, EASE_S, N_LOOKS)
        looks = [self._pose_of(self.poses.moment(float(time))) for time in times]
        yaws = np.array([look[2] for look in looks if look is not None])
        yaw = float(np.arctan2(np.sin(yaws).sum(), np.cos(yaws).sum()))
        return camera.follow(pose, yaw, self._shot.width, self._height, hypot(*self._size_m))

    def _pose_of(self, moment: Moment) -> NDArray[np.float64] | None:
        rows = np.flatnonzero(moment.units == self._shot.unit)
        return moment.poses[rows[0]] if len(rows) else None

    def close(self) -> None:
        self._canvas.close()

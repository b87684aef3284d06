"""The floor as it stands at a moment: what never moves is built once, what does is put in place."""

from __future__ import annotations

import math
from math import degrees
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridfleet.poses.reading import Moment
from gridfleet.render import colours, shapes
from gridfleet.render.canvas import Canvas
from gridfleet.render.mesh import Colour, Mesh, lit, plane
from gridfleet.render.textures import floor_texture, pod_texture
from layouts import Layout
from twin.unit_model import UnitModel

N_POD_LOOKS = 12
MOST_TILES = 4000
"""The floor is drawn in tiles, of a cell where it has no more than so many."""
SUN = (0.62, 0.3, -1.0)
"""Direction of its light: to the east, a little north."""
OVERHEAD = (0.0, 0.0, -1.0)
"""For what turns: its sides look alike wherever it faces."""
LIGHT = 0.66, 0.42
"""From everywhere, and of the sun."""
LEVEL_M = 0.002
"""Shadows lie at a few heights, so that where two overlap only the higher one is drawn: the floor
is in shadow once. Neighbours, up to two cells away, differ in height."""
N_LEVELS = 9


class Scene:
    """Puts units and pods of one run on a canvas.

    layout, unit: of the run. seed: of goods and people.
    """

    def __init__(self, canvas: Canvas, layout: Layout, unit: UnitModel, seed: int) -> None:
        self._canvas, self._layout, self._unit = canvas, layout, unit
        self._models: dict[tuple[str, object], Any] = {}
        self._build_floor(seed)
        self._build_pods(seed)
        self._units: dict[int, _UnitNodes] = {}
        self._pods: dict[int, _PodNodes] = {}

    def _build_floor(self, seed: int) -> None:
        canvas, layout = self._canvas, self._layout
        image, shares = floor_texture(layout, seed)
        size_m = layout.n_cols * layout.cell_size_m, layout.n_rows * layout.cell_size_m
        mesh = plane(size_m, shares, _tile_m(layout))
        floor = canvas.model(mesh, canvas.texture(image))
        ground = canvas.model(shapes.ground(layout))
        for node in (floor, ground):
            node.reparent_to(canvas.root)
        people, places = shapes.stations(layout, seed)
        for mesh in (shapes.obstacles(layout, places), shapes.kerb(layout), people):
            if len(mesh):
                canvas.model(_lit(mesh)).reparent_to(canvas.root)

    def _build_pods(self, seed: int) -> None:
        canvas, unit = self._canvas, self._unit
        clear_share = unit.body.pod_clear_m / unit.body.pod_height_m
        for look in range(N_POD_LOOKS):
            painted = canvas.texture(pod_texture(seed + look, clear_share))
            pod = canvas.model(_lit(shapes.pod(unit)), painted)
            canvas.see_through(pod)
            self._models["pod", look] = pod

    def model(self, name: str, colour: Colour | None = None) -> Any:
        """The one model of that name and colour, to be hung where it is wanted."""
        key = name, colour
        if key not in self._models:
            slope = SUN[0], SUN[1]
            mesh = {
                "unit": lambda: lit(
                    shapes.unit_body(self._unit, colour or colours.DARK), OVERHEAD, *LIGHT
                ),
                "flag": lambda: lit(
                    shapes.pod_flag(self._unit, colour or colours.DARK), OVERHEAD, *LIGHT
                ),
                "unit shadow": lambda: shapes.unit_shadow(self._unit),
                "pod shadow": lambda: shapes.pod_shadow(self._unit, slope),
            }[name]()
            self._models[key] = self._canvas.model(mesh)
        return self._models[key]

    def pod_model(self, pod: int) -> Any:
        return self._models["pod", pod * 7 % N_POD_LOOKS]

    def show(self, moment: Moment) -> None:
        """Everything stands as at that moment."""
        lift_m = self._unit.body.lift_m
        rows = zip(
            moment.units.tolist(), moment.poses.tolist(), moment.states.tolist(),
            moment.pods.tolist(), moment.lifts.tolist(), strict=True,
        )  # fmt: skip
        seen = {}
        for unit, (x, y, yaw), state, pod, lift in rows:
            colour = colours.colour_of(state, pod)
            if unit not in self._units:
                self._units[unit] = _UnitNodes(self, self._canvas)
            self._units[unit].put(x, y, yaw, colour, self._level(x, y))
            if pod >= 0:
                turned = yaw if self._unit.pod_turns else 0.0
                seen[pod] = (x, y, turned, lift * lift_m, colour)
        stand = zip(moment.standing.tolist(), moment.standing_poses.tolist(), strict=True)
        seen.update({pod: (x, y, yaw, 0.0, None) for pod, (x, y, yaw) in stand if pod not in seen})
        for pod, place in seen.items():
            if pod not in self._pods:
                self._pods[pod] = _PodNodes(self, self._canvas, pod)
            self._pods[pod].put(*place, self._level(place[0], place[1]))
        self._hide_others(set(moment.units.tolist()), set(seen))

    def clear_sight(
        self, eye: tuple[float, float, float], pose: NDArray[np.float64], carried: int,
        clear_m: float,
    ) -> None:  # fmt: skip
        """Pods that stand between the eye and a unit at that pose, but its own, are drawn faintly.

        clear_m: how close to the line in between counts."""
        here, way = np.array(eye[:2]), pose[:2] - eye[:2]
        length_m = float(np.hypot(*way))
        for pod, nodes in self._pods.items():
            ahead, aside = nodes.seen_along(here, way / length_m)
            is_between = -0.5 < ahead < length_m + 0.3 and abs(aside) < clear_m
            nodes.fade(is_between and pod != carried)

    def _hide_others(self, units: set[int], pods: set[int]) -> None:
        for unit, body in self._units.items():
            body.show(unit in units)
        for pod, shelf in self._pods.items():
            shelf.show(pod in pods)

    def _level(self, x: float, y: float) -> int:
        row, col = self._layout.row_col(self._layout.cell_at(x, y))
        return row % 3 * 3 + col % 3


def _tile_m(layout: Layout) -> float:
    return layout.cell_size_m * max(1.0, math.sqrt(layout.n_cells / MOST_TILES))


def _lit(mesh: Mesh) -> Mesh:
    return lit(mesh, SUN, *LIGHT)


class _Nodes:
    """What belongs to one thing that moves: its body, and its shadow on the floor."""

    def __init__(self, canvas: Canvas, shadow: Any, first_level: int) -> None:
        self._canvas, self._first_level = canvas, first_level
        self.body = canvas.root.attach_new_node("body")
        self.shadow = canvas.root.attach_new_node("shadow")
        shadow.instance_to(self.shadow)
        self._level = -1
        self._is_shown = True

    def put_shadow(self, x: float, y: float, yaw_rad: float, level: int) -> None:
        level += self._first_level
        if level != self._level:
            self._level = level
            self._canvas.darken(self.shadow, 40 - level)
        self.shadow.set_pos_hpr(x, y, LEVEL_M * (level + 1), degrees(yaw_rad), 0, 0)

    def show(self, is_shown: bool) -> None:
        if is_shown != self._is_shown:
            self._is_shown = is_shown
            for node in (self.body, self.shadow):
                (node.show if is_shown else node.hide)()


class _UnitNodes(_Nodes):
    def __init__(self, scene: Scene, canvas: Canvas) -> None:
        super().__init__(canvas, scene.model("unit shadow"), 0)
        self._scene = scene
        self._colour: Colour | None = None

    def put(self, x: float, y: float, yaw_rad: float, colour: Colour, level: int) -> None:
        if colour != self._colour:
            self._colour = colour
            self.body.get_children().detach()
            self._scene.model("unit", colour).instance_to(self.body)
        self.body.set_pos_hpr(x, y, 0, degrees(yaw_rad), 0, 0)
        self.put_shadow(x, y, yaw_rad, level)


class _PodNodes(_Nodes):
    def __init__(self, scene: Scene, canvas: Canvas, pod: int) -> None:
        super().__init__(canvas, scene.model("pod shadow"), N_LEVELS)
        self._scene = scene
        self._colour: Colour | None = None
        self._place: tuple[float, float, float, float, Colour | None] = (0.0, 0.0, 0.0, -1.0, None)
        self._is_faded = False
        scene.pod_model(pod).instance_to(self.body)
        self._flag: Any = None

    def put(
        self, x: float, y: float, yaw_rad: float, up_m: float, colour: Colour | None, level: int
    ) -> None:  # fmt: skip
        place = x, y, yaw_rad, up_m, colour
        if place == self._place:
            return
        self._place = place
        if colour != self._colour:
            self._colour = colour
            if self._flag is not None:
                self._flag.detach_node()
                self._flag = None
            if colour is not None:
                self._flag = self._scene.model("flag", colour).instance_to(self.body)
        self.body.set_pos_hpr(x, y, up_m, degrees(yaw_rad), 0, 0)
        self.put_shadow(x, y, yaw_rad, level)

    def seen_along(
        self, here: NDArray[np.float64], way: NDArray[np.float64]
    ) -> tuple[float, float]:  # fmt: skip
        """How far ahead and aside of a straight way it is, metres."""
        x, y = self._place[0] - here[0], self._place[1] - here[1]
        return float(x * way[0] + y * way[1]), float(x * way[1] - y * way[0])

    def fade(self, is_faded: bool) -> None:
        if is_faded != self._is_faded:
            self._is_faded = is_faded
            self._canvas.fade(self.body, is_faded)

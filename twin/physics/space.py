"""What a world of bodies is to whoever steers the units in it, whatever the level of detail.

Units and pods have the same numbers in all worlds. A unit is in one world at a time; of the pods,
each world has those that its units could touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

X_M, Y_M, YAW, TILT, PLATE_M, POD_YAW, LEFT_TURN, RIGHT_TURN, SLIP_M_S, TORQUE_SHARE = range(10)
N_COLUMNS = 10
"""Columns of the state, float64[n_units, N_COLUMNS], a row for each unit: pose of the chassis,
radians from the vertical, metres that the plate is raised, yaw of what it carries, radians that the
wheels have turned (nan for a body that is new, or without wheels), how fast a wheel slips, and
which share of their torque the motors need."""
OBSTACLE, STANDING_POD = -1, -2
"""Parties of a contact that are no units; as of the collision monitor."""
Pose = tuple[float, float, float]
"""x and y in metres, yaw in radians."""
Pair = tuple[int, int]
"""A unit, and what it touches: a unit with a higher number, OBSTACLE or STANDING_POD."""


@dataclass(frozen=True, slots=True)
class Load:
    """A pod with what is on it. mass_kg: of both. shift: x and y of the centre of gravity from its
    middle, metres in the pod's frame."""

    mass_kg: float
    shift: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Wall:
    """A box that stands: centre and half sides in metres."""

    centre: tuple[float, float]
    half: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A unit out of one world, to go on in another as it was. load: pod or -1. motion: what the
    level of detail has to know of it beside that."""

    pose: Pose
    load: int
    motion: Any


class Space(Protocol):
    """Implemented by each level of detail."""

    def put_unit(self, unit: int, pose: Pose) -> None:
        """The unit stands there, empty."""

    def take_unit(self, unit: int) -> None:
        """The unit is not in this world any more, nor what it carries."""

    def draw_unit(self, unit: int) -> Drawn:
        """The same, and what it did."""

    def adopt_unit(self, unit: int, drawn: Drawn) -> None:
        """The unit goes on here."""

    def load_up(self, unit: int, pod: int, pose: Pose, is_up: bool) -> None:
        """The pod, which stands or is held at that pose, rests on the unit's plate from now on."""

    def set_down(self, unit: int) -> Pose:
        """What the unit carries has no body any more until it is shown; returns where it stands."""

    def show_pods(self, shown: list[tuple[int, Pose]], hidden: list[int]) -> None:
        """Standing pods that have a body from now on, and those that have none any more."""

    def put_obstacle(self, cell: int, wall: Wall) -> None:
        """Something lies there from now on."""

    def take_obstacle(self, cell: int) -> None:
        """It does not any more."""

    def step(self, commands: NDArray[np.float64]) -> None:
        """Let a control tick pass in which the units do what they are told.

        commands: float64[n_units, 3], as of `twin.physics.steer_kernels.steer`."""

    def read(self, state: NDArray[np.float64]) -> None:
        """Fill the rows of units that may have moved, but for slip and torque."""

    def strain(self, state: NDArray[np.float64]) -> None:
        """Fill slip and torque of the units of this world."""

    def contacts(self) -> list[Pair]:
        """Who touches what beside the floor, in ascending order."""

    def close(self) -> None:
        """Let go of the world; may be called again."""

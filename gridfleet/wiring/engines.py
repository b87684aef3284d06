"""Engines by name: what moves the units of a scenario in the twin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridfleet.scenario import Scenario, ScenarioError
from layouts import Layout
from twin.floor.twin import Twin
from twin.kinematic.engine import KinematicTwin
from twin.people import People

KINEMATIC, PHYSICS = "kinematic", "physics"


def make_twin(
    scenario: Scenario, layout: Layout, cells: NDArray[np.int32], pod_cells: NDArray[np.int32],
    people: People, *, is_shown: bool = False,
) -> Twin:  # fmt: skip
    """The twin of the scenario's engine, with units on those cells, heading east.

    is_shown: in a window, by an engine that has one. Raises PhysicsError where physics is wanted
    and cannot be had, and ScenarioError where a window is and the engine has none."""
    headings = np.zeros(len(cells), dtype=np.int8)
    if scenario.engine == KINEMATIC:
        if is_shown:
            raise ScenarioError(
                "only the physics engine has a window: add --engine physics, or leave --gui out "
                "and draw pictures of the run with gridfleet render"
            )
        return KinematicTwin(layout, cells, headings, pod_cells, people, scenario.unit)
    from twin.physics.engine import PhysicsTwin

    return PhysicsTwin(
        layout, cells, headings, pod_cells, people, scenario.unit, scenario.seed, scenario.physics,
        is_shown=is_shown,
    )  # fmt: skip

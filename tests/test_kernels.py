"""Kernels compile once: a second signature would mean a compilation inside the control loop."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pytest

from gridfleet.kpis import kpis
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from twin.unit_model import DEFAULT_UNIT

MODULES = (
    "fleet_control.execution.kernels",
    "fleet_control.execution.turn_kernels",
    "fleet_control.execution.wait_kernels",
    "fleet_control.mapf.conflict_kernels",
    "fleet_control.mapf.field_kernels",
    "fleet_control.mapf.pibt_kernels",
    "fleet_control.mapf.priorities",
    "fleet_control.stream_kernels",
    "gridfleet.detour_kernels",
    "twin.kinematic.kernels",
)
ENTRY_POINTS = {
    "commit_moves", "free_cells", "release_steps", "add_unit_time", "count_short",
    "find_conflicts", "fill_field", "repair_field", "plan_step", "track_progress", "run_ticks",
    "least_cells", "find_waits", "find_roots",
    "first_bad_row", "rebin", "release_turning", "free_turns", "find_bad_turn",
}  # fmt: skip
TURNING = replace(DEFAULT_UNIT, pod_side_m=0.8, pod_turns=True)


@pytest.mark.parametrize("module", MODULES)
def test_one_signature_each(module: str) -> None:
    kpis(Simulation(Scenario(layout="teaching", hours=0.05)).run())
    if module.endswith("turn_kernels"):
        Simulation(Scenario(layout="teaching", hours=0.05, unit=TURNING)).run()
    kernels = {
        name: value
        for name, value in vars(importlib.import_module(module)).items()
        if name in ENTRY_POINTS
    }
    assert kernels
    assert {name: len(kernel.signatures) for name, kernel in kernels.items()} == dict.fromkeys(
        kernels, 1
    )

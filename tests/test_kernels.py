"""Kernels compile once: a second signature would mean a compilation inside the control loop."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

from fleet_control.backend import (
    Commands,
    Releases,
    Request,
    Requests,
    no_releases,
    no_station_jobs,
)
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.oneshot.guide import lane_guide
from fleet_control.mapf.oneshot.problem import problem_of
from fleet_control.mapf.oneshot.solver import Budget, solve
from gridfleet.bench.lorr.play import warm_up
from gridfleet.bench.lorr.problem import EDITIONS
from gridfleet.kpis import kpis
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from gridfleet.torture.run import run_case
from layouts import open_layout
from twin.kinematic.engine import KinematicTwin
from twin.link import Noise
from twin.linked import LinkedTwin
from twin.people import People
from twin.unit_model import DEFAULT_UNIT

MODULES = (
    "fleet_control.accounting.unit_kernels",
    "fleet_control.assignment.assignment_kernels",
    "fleet_control.execution.kernels",
    "fleet_control.execution.turn_kernels",
    "fleet_control.execution.wait_kernels",
    "fleet_control.link.kernels",
    "fleet_control.mapf.action_kernels",
    "fleet_control.mapf.conflict_kernels",
    "fleet_control.mapf.epibt_ahead_kernels",
    "fleet_control.mapf.epibt_escort_kernels",
    "fleet_control.mapf.epibt_improve_kernels",
    "fleet_control.mapf.epibt_kernels",
    "fleet_control.mapf.field_kernels",
    "fleet_control.mapf.next_kernels",
    "fleet_control.mapf.oneshot.graph_kernels",
    "fleet_control.mapf.oneshot.guide_kernels",
    "fleet_control.mapf.oneshot.path_kernels",
    "fleet_control.mapf.oneshot.place_kernels",
    "fleet_control.mapf.oneshot.refine_kernels",
    "fleet_control.mapf.oneshot.search_kernels",
    "fleet_control.mapf.pibt_kernels",
    "fleet_control.mapf.priority_kernels",
    "fleet_control.mapf.window_kernels",
    "fleet_control.stream_kernels",
    "gridfleet.bench.lorr.bound_kernels",
    "gridfleet.bench.lorr.executor_kernels",
    "gridfleet.bench.lorr.tick_kernels",
    "gridfleet.bench.lorr.world_kernels",
    "gridfleet.detour_kernels",
    "twin.agent_kernels",
    "gridfleet.torture.body_kernels",
    "gridfleet.torture.span_kernels",
    "twin.floor.monitor_kernels",
    "twin.floor.step_kernels",
    "twin.kinematic.kernels",
    "twin.legs.leg_kernels",
)
ENTRY_POINTS = {
    "commit_moves", "free_cells", "release_steps", "book_states", "add_wishes", "book_waits",
    "count_short", "look_ahead", "choose_operations", "improve", "clear_table",
    "trace_way", "measure_flight",
    "find_conflicts", "fill_field", "repair_field", "plan_step",
    "track_progress", "run_ticks",
    "least_cells", "find_next_cells", "find_waits", "find_roots",
    "hear_states", "write_orders", "write_instants", "write_news", "note_rows",
    "hear_orders", "take_steps", "hear_hellos", "watch_silence", "tell_states",
    "first_bad_row", "rebin", "accept_steps", "collect_news", "find_faults", "unroll",
    "fill_distances", "fill_guides", "begin", "search", "fill_table", "put_all", "refine",
    "place", "fill_lane_costs",
    "release_turning", "free_turns", "find_bad_turn", "note_legs",
    "add_leg_costs", "sort_by_block", "list_near_tasks", "take_cheapest", "exchange_tasks",
    "act_towards", "shift_plans", "plan_window", "better_groups",
    "count_legs", "free_flow_pool", "append_plan", "cut_to_window",
    "next_commands", "pop_finished", "move_tick", "apply_actions",
}  # fmt: skip
TURNING = replace(DEFAULT_UNIT, pod_side_m=0.8, pod_turns=True)


def run_linked() -> None:
    """One unit behind a bad link drives with and without a speed limit, and is cancelled."""
    layout = open_layout("lane", np.ones((1, 8), dtype=np.int8))
    none = np.empty(0, dtype=np.int32)
    start, heading = np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.int8)
    linked = LinkedTwin(layout, KinematicTwin(layout, start, heading, none, People(0, 1)))
    linked.link.set_noise(Noise(delay_s=0.1))
    now_s = linked.connect().time_s
    for step, speeds in ((1, None), (2, np.ones(1, dtype=np.float32))):
        at, act = np.array([step], dtype=np.int32), np.zeros(1, dtype=np.int8)
        releases = Releases(np.zeros(1, dtype=np.int32), at, at.copy(), act, speeds)
        linked.send(Commands(releases, no_station_jobs()))
    asked = Requests(start, np.array([Request.CANCEL], dtype=np.int8))
    linked.send(Commands(no_releases(), no_station_jobs(), requests=asked))
    linked.advance(now_s + 5.0)


def run_oneshot() -> None:
    """Few agents, so that the table of configurations grows and all are placed anew, and more, on a
    layout and a grid."""
    layout = open_layout("square", np.ones((5, 5), dtype=np.int8))
    cells = np.arange(25, dtype=np.int32)
    for floor, n in ((layout, 4), (grid_of(layout), 10)):
        for rings in (True, False):
            solve(floor, cells[:n], cells[n - 1 :: -1], Budget(5000), allow_cycles=rings)
    solve(layout, cells[:3], cells[2::-1], Budget(500))
    lane_guide(problem_of(layout, cells[:2], cells[3:5]))


@pytest.fixture(scope="module")
def _all_have_run() -> None:
    """Every kernel called in the ways that the program calls it, once for all tests here."""
    kpis(Simulation(Scenario(layout="teaching", hours=0.05), keeps_legs=True).run())
    run_linked()
    run_case(0)
    for edition in EDITIONS:
        warm_up(edition, "pibt")
        warm_up(edition, "epibt")
        warm_up(edition, "windowed")
    Simulation(Scenario(layout="teaching", hours=0.05, planner="epibt")).run()
    Simulation(Scenario(layout="teaching", hours=0.05, planner="windowed")).run()
    run_oneshot()
    Simulation(Scenario(layout="teaching", hours=0.05, unit=TURNING)).run()


@pytest.mark.usefixtures("_all_have_run")
@pytest.mark.parametrize("module", MODULES)
def test_one_signature_each(module: str) -> None:
    kernels = {
        name: value
        for name, value in vars(importlib.import_module(module)).items()
        if name in ENTRY_POINTS
    }
    assert kernels
    assert {name: len(kernel.signatures) for name, kernel in kernels.items()} == dict.fromkeys(
        kernels, 1
    )

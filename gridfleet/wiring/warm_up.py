"""Kernels compiled, or loaded from disk, before the first cycle of a run.

A first Ctrl-C only asks a run to end, and a run cannot answer while it compiles. So nothing may be
left to compile in it: a few units run errands on a tiny floor first, through the same calls with
arrays of the same types. It also keeps compiling out of `wall_s` and `plan_ms`.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from fleet_control.allocation import nearest
from fleet_control.backend import (
    Commands,
    Releases,
    Request,
    Requests,
    no_releases,
    no_station_jobs,
)
from fleet_control.controller import Controller, ControllerOptions
from fleet_control.events import EventLog
from fleet_control.execution.waits import WaitWatch
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.lanes import lanes_of
from fleet_control.mapf.planner import PlannerOptions, planner_named
from fleet_control.work.errands import ErrandStream
from gridfleet.wiring.units import CYCLE_S
from layouts import CellKind, open_layout
from twin.kinematic.engine import KinematicTwin
from twin.linked import LinkedTwin
from twin.people import People

CYCLES = 25
LINK_CYCLES = 5


@cache
def compile_link_kernels() -> None:
    """Run every kernel of the controller's end of the link once in this process."""
    layout = open_layout("warm-up", np.full((4, 6), CellKind.FLOOR, dtype=np.int8))
    cells = np.array([0, 7], dtype=np.int32)
    no_pods = np.empty(0, dtype=np.int32)
    twin = KinematicTwin(layout, cells, np.zeros(2, dtype=np.int8), no_pods, People(0, 0))
    linked = LinkedTwin(layout, twin, 0)
    linked.connect()
    steps, there = np.array([1, 1], dtype=np.int32), np.array([1, 8], dtype=np.int32)
    units, acts = np.array([0, 1], dtype=np.int32), np.zeros(2, dtype=np.int8)
    pauses = Requests(units, np.full(2, Request.PAUSE, dtype=np.int8))
    linked.send(Commands(Releases(units, steps, there, acts), no_station_jobs(), requests=pauses))
    for cycle in range(1, LINK_CYCLES + 1):
        linked.advance(cycle * CYCLE_S)
        linked.send(Commands(no_releases(), no_station_jobs()))


@cache
def compile_kernels(planner: str) -> None:
    """Run every kernel of controller, planner and twin once in this process."""
    layout = open_layout("warm-up", np.full((4, 6), CellKind.FLOOR, dtype=np.int8))
    cells = np.array([0, 7, 14], dtype=np.int32)
    headings = np.zeros(len(cells), dtype=np.int8)
    no_pods = np.empty(0, dtype=np.int32)
    twin = KinematicTwin(layout, cells, headings, no_pods, People(0, 0))
    grid = grid_of(layout, lanes_of(layout))
    goals = np.arange(layout.n_cells, dtype=np.int32)
    units = np.arange(len(cells), dtype=np.int32)
    log = EventLog()
    planned_by = planner_named(planner, grid, len(cells), PlannerOptions())
    controller = Controller(
        grid, twin.connect(), planned_by,
        ErrandStream(goals, units, cells, 0, log), nearest, ControllerOptions(), log,
    )  # fmt: skip
    reports = twin.advance(0.0)
    for cycle in range(1, CYCLES + 1):
        twin.send(controller.step(reports))
        reports = twin.advance(cycle * CYCLE_S)
    for cell in (0, 1):  # fields are repaired when cells are blocked and opened again
        planned_by.set_blocked(np.arange(layout.n_cells) == cell)
        planned_by.fields.refresh()
    WaitWatch(len(cells), 0.0).report(0.0, controller.executor)
    controller.ledger.warm_up()

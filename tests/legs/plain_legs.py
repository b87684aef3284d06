"""Legs found slowly, from a full history of what units were after each tick."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby, pairwise

import numpy as np

from twin.floor.step_kernels import ACTING, DRIVING, RING, TURNING
from twin.floor.world import World
from twin.legs import LegKind


class History:
    """Watches a floor and keeps copies of everything after every tick; its beginning included."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.units: list[np.ndarray] = []
        self.cells: list[np.ndarray] = []
        self.acts: list[np.ndarray] = []
        self.look()
        world.watch(1, self.look)

    def look(self) -> None:
        world = self._world
        for kept, now in (
            (self.units, world.units), (self.cells, world.step_cells), (self.acts, world.step_acts),
        ):  # fmt: skip
            kept.append(now.copy())

    def doing(self, tick: int, unit: int) -> tuple[int, int] | None:
        """Kind of leg and what tells it from another of that kind."""
        record = self.units[tick][unit]
        mode, done = int(record["mode"]), int(record["done"])
        if mode == DRIVING:
            return LegKind.RUN, int(record["heading"])
        if mode == TURNING:
            return LegKind.TURN, int(record["heading"])
        if mode == ACTING:
            is_lift = self.acts[tick][unit, (done + 1) % RING] == 1
            return (LegKind.LIFT if is_lift else LegKind.LOWER), int(record["heading"])
        is_told = record["outlook_step"] == done + 1 and done >= record["released"]
        return (LegKind.QUEUE, 0) if is_told and record["factor"] > 0 else None


def legs_of(history: History, n_cols: int, cell_m: float, limits: np.ndarray) -> Iterator[tuple]:
    """(end tick, unit, kind, is laden, begin tick, length, cell, is free), as they are recorded."""
    n_ticks, n_units = len(history.units), len(history.units[0])
    found = []
    for unit in range(n_units):
        spans = groupby(range(1, n_ticks), key=lambda tick, u=unit: history.doing(tick, u))
        for what, span in spans:
            ticks = list(span)
            if what is None or ticks[-1] == n_ticks - 1:  # nothing, or still under way
                continue
            row = _leg(history, unit, LegKind(what[0]), ticks, n_cols, cell_m, limits)
            if row is not None:
                found.append(row)
    return iter(sorted(found, key=lambda row: (row[8], row[1])))


def _leg(history, unit, kind, ticks, n_cols, cell_m, limits):
    begin, first = ticks[0] - (kind is not LegKind.QUEUE), history.units[ticks[0]][unit]
    seen_over = ticks[-1] + 1
    after = history.units[seen_over][unit]
    following = history.doing(seen_over, unit)
    is_acting = following is not None and following[0] != LegKind.QUEUE
    end = seen_over - 1 if is_acting else seen_over
    cell = int(history.cells[ticks[0]][unit, first["done"] % RING])
    there = int(history.cells[seen_over][unit, after["done"] % RING])
    laden, length = bool(first["carried"] >= 0), 0.0
    if kind is LegKind.RUN:
        length = cell_m * (
            abs(there // n_cols - cell // n_cols) + abs(there % n_cols - cell % n_cols)
        )
        if length == 0.0 or after["done"] != after["last"]:
            return None
    elif kind is LegKind.TURN:
        length = float(round(abs(first["turn_left"]) / (math.pi / 2)))
        if after["mode"] == 0 and abs(after["turn_left"]) >= 0.1:
            return None
    elif kind is not LegKind.QUEUE and after["done"] <= first["done"]:
        return None
    if end <= begin:
        return None
    is_free = _is_free(history, unit, kind, ticks, cell_m, limits[int(laden)])
    if kind is LegKind.RUN and after["done"] <= first["done"]:
        is_free = False
    return end, unit, int(kind), laden, begin, length, cell, is_free, seen_over


def _is_free(history, unit, kind, ticks, cell_m, limits) -> bool:
    records = [history.units[tick][unit] for tick in ticks]
    if any(record["factor"] != 1.0 for record in records):
        return False
    if kind is not LegKind.RUN:
        return True
    if any(record["run_limit"] < np.float32(limits[0]) for record in records):
        return False
    for before, after in pairwise(records):
        left = (before["last"] - before["first"]) * cell_m - before["along"]
        brakes = before["speed"] ** 2 / (2 * limits[2]) > left - 0.02
        if after["last"] < before["last"] or (after["last"] > before["last"] and brakes):
            return False
    return True

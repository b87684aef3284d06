"""An open hall with bodies in it, driven by releases in plain lists."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.backend import (
    Act,
    Commands,
    Outlook,
    Releases,
    Reports,
    no_releases,
    no_station_jobs,
)
from layouts import Layout, open_layout
from twin.people import People
from twin.unit_model import DEFAULT_UNIT, UnitModel

pytest.importorskip("pybullet", reason="pybullet is not installed")

from twin.physics.engine import PhysicsTwin
from twin.physics.options import DEFAULT_PHYSICS, PhysicsOptions

N_ROWS, N_COLS = 6, 12


def cell(row: int, col: int) -> int:
    return row * N_COLS + col


def hall() -> Layout:
    return open_layout("hall", np.ones((N_ROWS, N_COLS), dtype=np.int8))


def ints(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int32)


class Hall:
    """A twin of the hall. cells: where units stand; pods: where pods do."""

    def __init__(
        self, cells: list[int], pods: list[int], unit: UnitModel = DEFAULT_UNIT, seed: int = 0,
        options: PhysicsOptions = DEFAULT_PHYSICS,
    ) -> None:  # fmt: skip
        self.twin = PhysicsTwin(
            hall(), ints(cells), np.zeros(len(cells), dtype=np.int8), ints(pods),
            People(0, seed=0), unit, seed, options,
        )  # fmt: skip
        self.twin.connect()
        self.n_released = [0] * len(cells)
        self.done = [0] * len(cells)
        self.faults = [0] * len(cells)

    def release(self, unit: int, *steps: int | tuple[int, Act]) -> None:
        pairs = [step if isinstance(step, tuple) else (step, Act.DRIVE) for step in steps]
        first = self.n_released[unit] + 1
        self.n_released[unit] += len(pairs)
        rows = Releases(
            ints([unit] * len(pairs)), ints(list(range(first, first + len(pairs)))),
            ints([pair[0] for pair in pairs]), np.array([p[1] for p in pairs], dtype=np.int8),
        )  # fmt: skip
        self.twin.send(Commands(rows, no_station_jobs()))

    def show_next(self, unit: int, ahead: int) -> None:
        """Tell the unit that its next step leads there, without releasing it."""
        outlook = Outlook(ints([unit]), ints([self.n_released[unit] + 1]), ints([ahead]))
        self.twin.send(Commands(no_releases(), no_station_jobs(), outlook))

    def advance(self, seconds: float) -> Reports:
        reports = self.twin.advance(self.twin.time_s + seconds)
        for unit, done, fault in zip(reports.units, reports.done, reports.faults, strict=True):
            self.done[unit], self.faults[unit] = int(done), int(fault)
        return reports

    def settle(self, limit_s: float = 90.0) -> None:
        """Until every unit has done all its steps or has a fault."""
        end_s = self.twin.time_s + limit_s
        while any(
            done < released and not fault
            for done, released, fault in zip(self.done, self.n_released, self.faults, strict=True)
        ):
            assert self.twin.time_s < end_s, (self.done, self.n_released)
            self.advance(0.5)

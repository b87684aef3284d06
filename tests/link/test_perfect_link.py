"""Where nothing goes wrong, a controller cannot tell the link from none; a bad one costs time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fleet_control.backend import (
    Commands,
    FleetState,
    Outlook,
    Releases,
    Reports,
    StationJobs,
    no_releases,
    no_station_jobs,
)
from fleet_control.errors import FleetError
from layouts import Layout, Station, StationKind, open_layout
from twin.kinematic.engine import KinematicTwin
from twin.link import Noise
from twin.linked import LinkedTwin
from twin.people import People

N_COLS = 6


def hall() -> Layout:
    station = Station("S1", StationKind.PICK, cell=4 * N_COLS)
    return open_layout("hall", np.ones((5, N_COLS), dtype=np.int8), stations=(station,))


def twin(layout: Layout) -> KinematicTwin:
    cells = np.arange(3, dtype=np.int32) * N_COLS
    return KinematicTwin(
        layout, cells, np.zeros(3, np.int8), np.empty(0, np.int32), People(1, seed=2)
    )


def commands(rng: np.random.Generator, released: list[int]) -> Commands:
    """Units go back and forth in their rows, some of them further at each call."""
    rows = []
    for unit in range(3):
        for _ in range(int(rng.integers(3))):
            released[unit] += 1
            rows.append((unit, released[unit], cell_of(unit, released[unit])))
    columns = np.array(rows, dtype=np.int32).reshape(-1, 3).T.copy()
    releases = Releases(*columns, np.zeros(len(rows), dtype=np.int8))
    ends = np.array([released[unit] + 1 for unit in range(3)], dtype=np.int32)
    cells = np.array([cell_of(unit, int(step)) for unit, step in enumerate(ends)], dtype=np.int32)
    is_told = rng.random(3) < 0.5
    outlook = Outlook(np.flatnonzero(is_told).astype(np.int32), ends[is_told], cells[is_told])
    line = np.array([[0], [released[0]], [released[1]], [1]], dtype=np.int32)
    jobs = StationJobs(*line) if rng.random() < 0.1 else no_station_jobs()
    return Commands(releases, jobs, outlook)


def cell_of(unit: int, step: int) -> int:
    column = step % (2 * N_COLS - 2)
    return unit * N_COLS + min(column, 2 * N_COLS - 2 - column)


def plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.dtype, value.tolist()
    if dataclasses.is_dataclass(value):
        return [plain(getattr(value, f.name)) for f in dataclasses.fields(value)]
    return value


def history(backend: KinematicTwin | LinkedTwin) -> list[object]:
    rng, released = np.random.default_rng(6), [0, 0, 0]
    state: FleetState = backend.connect()
    told: list[object] = [plain(state)]
    done = np.zeros(3, dtype=np.int32)
    for cycle in range(300):
        if max(released) - done.min() < 40:
            backend.send(commands(rng, released))
        reports: Reports = backend.advance((cycle + 1) * 0.2)
        done[reports.units] = reports.done
        told.append(plain(reports))
    return told


def test_a_perfect_link_is_no_link() -> None:
    layout = hall()
    assert history(LinkedTwin(layout, twin(layout))) == history(twin(layout))


def test_the_same_seed_tells_the_same_over_a_bad_link() -> None:
    told = []
    for seed in (1, 1, 2):
        layout = hall()
        linked = LinkedTwin(layout, twin(layout), seed)
        linked.link.set_noise(Noise(0.2, 0.2, 0.3, 0.2))
        told.append(history(linked))
    assert told[0] == told[1] != told[2]


def test_nothing_is_said_before_connect() -> None:
    layout = hall()
    linked = LinkedTwin(layout, twin(layout))
    with pytest.raises(FleetError, match="call connect first"):
        linked.advance(1.0)
    linked.connect()
    linked.advance_alone(2.0)
    with pytest.raises(FleetError, match="call connect first"):
        linked.send(Commands(no_releases(), no_station_jobs()))


def test_units_that_hear_nothing_stop_and_go_on_when_they_do() -> None:
    layout = hall()
    linked = LinkedTwin(layout, twin(layout))
    linked.connect()
    released = [0, 0, 0]
    rng = np.random.default_rng(1)
    for _ in range(4):
        linked.send(commands(rng, released))
    linked.advance_alone(60.0)
    stopped = linked.twin.units["done"].copy()
    assert (stopped < released).any()
    assert (linked.bases() == released).all()  # what they may do, they still may
    state = linked.connect()
    assert state.done is not None
    assert (state.done == stopped).all()
    linked.advance(120.0)
    assert linked.twin.units["done"].tolist() == released

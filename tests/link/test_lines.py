"""Order lines over a bad link: each is handled once by people and told to the controller."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.backend import Commands, StationJobs, no_releases
from layouts import Station, StationKind, open_layout
from twin.kinematic.engine import KinematicTwin
from twin.link import Noise
from twin.linked import LinkedTwin
from twin.people import People, ServiceTimes

CYCLE_S = 0.2
N_STATIONS = 2
Line = tuple[int, int, int, int]


class Watched(People):
    """People who keep note of what they were given."""

    def __init__(self) -> None:
        super().__init__(N_STATIONS, 1, ServiceTimes(line_s=2.0))
        self.given: list[tuple[int, int, int]] = []

    def accept(self, jobs: StationJobs, now_s: float) -> None:
        columns = jobs.stations.tolist(), jobs.jobs.tolist(), jobs.lines.tolist()
        self.given += zip(*columns, strict=True)
        super().accept(jobs, now_s)


class Office:
    """A controller that hands out lines, notes down what is done, and dies now and then."""

    def __init__(self, seed: int, noise: Noise) -> None:
        self.rng = np.random.default_rng(seed)
        stations = tuple(Station(f"S{i}", StationKind.PICK, cell=6 + i) for i in range(N_STATIONS))
        layout = open_layout("room", np.ones((3, 3), dtype=np.int8), stations=stations)
        self.people = Watched()
        twin = KinematicTwin(
            layout, np.zeros(1, np.int32), np.zeros(1, np.int8), np.empty(0, np.int32), self.people
        )
        self.linked = LinkedTwin(layout, twin, seed)
        self.linked.link.set_noise(noise)
        self.open: list[Line] = []
        self.all: list[Line] = []
        self.done: set[tuple[int, int, int]] = set()
        self.told_in_this_life: set[tuple[int, int, int]] = set()
        self.now_s = self.linked.connect().time_s

    def give(self) -> list[Line]:
        job = len(self.all)
        station = int(self.rng.integers(N_STATIONS))
        new = [(station, job, line, 1) for line in range(int(self.rng.integers(1, 4)))]
        self.all += new
        self.open += new
        return new

    def send(self, lines: list[Line]) -> None:
        table = np.array(lines, dtype=np.int32).reshape(-1, 4).T
        self.linked.send(Commands(no_releases(), StationJobs(*table)))

    def absorb(self) -> None:
        self.now_s += CYCLE_S
        reports = self.linked.advance(self.now_s)
        assert list(reports.line_times_s) == sorted(reports.line_times_s)
        assert (reports.line_times_s <= reports.time_s).all()
        columns = reports.line_stations, reports.line_jobs, reports.lines
        for told in zip(*(column.tolist() for column in columns), strict=True):
            assert told not in self.told_in_this_life, f"line {told} is told twice"
            self.told_in_this_life.add(told)
            self.done.add(told)
        self.open = [line for line in self.open if line[:3] not in self.done]

    def die(self, lines: list[Line]) -> None:
        if self.rng.random() < 0.5:
            self.send(lines)
        if self.rng.random() < 0.5:  # these reports are lost
            self.now_s += CYCLE_S
            self.linked.advance(self.now_s)
        self.now_s += float(self.rng.uniform(0.0, 5.0))
        self.linked.advance_alone(self.now_s)
        self.now_s = self.linked.connect().time_s
        self.told_in_this_life.clear()
        self.send(self.open)


@pytest.mark.parametrize("seed", range(12))
def test_each_line_is_handled_once_and_told(seed: int) -> None:
    office = Office(seed, Noise(0.2, 0.2, 0.3, 0.1))
    for _ in range(300):
        new = office.give() if office.rng.random() < 0.1 else []
        if office.rng.random() < 0.03:
            office.die(new)
        else:
            office.send(new)
            office.absorb()
    for _ in range(1000):
        office.send([])
        office.absorb()
        if not office.open:
            break
    asked = [line[:3] for line in office.all]
    assert sorted(office.people.given) == sorted(asked), f"seed {seed}"
    assert office.done == set(asked), f"seed {seed}"


def test_without_deaths_people_work_in_the_order_given() -> None:
    office = Office(3, Noise(0.3, 0.3, 0.5, 0.2))
    for _ in range(200):
        office.send(office.give() if office.rng.random() < 0.1 else [])
        office.absorb()
    for station in range(N_STATIONS):
        given = [line for line in office.people.given if line[0] == station]
        asked = [line[:3] for line in office.all if line[0] == station]
        assert given == asked[: len(given)]


def test_a_line_is_not_forgotten_before_the_controller_has_noted_it_down() -> None:
    """Told, and then the controller dies before it can say that it has heard."""
    office = Office(1, Noise())
    office.send([(0, 5, 50, 1)])
    while not office.told_in_this_life:
        office.absorb()
    office.linked.advance_alone(office.now_s + 3.0)
    office.now_s = office.linked.connect().time_s
    office.told_in_this_life.clear()
    office.absorb()
    assert office.told_in_this_life == {(0, 5, 50)}
    office.send([])  # has noted it down
    office.absorb()
    office.now_s = office.linked.connect().time_s
    office.told_in_this_life.clear()
    for _ in range(20):
        office.send([])
        office.absorb()
    assert not office.told_in_this_life
    assert office.people.given == [(0, 5, 50)]

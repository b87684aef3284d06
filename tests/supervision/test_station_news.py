"""Stations at which nobody can work, or that no unit gets to: no work is begun for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from fleet_control.backend import Reports, StationEvent, StationNews
from fleet_control.events import EventKind
from fleet_control.operations import Operation, OperationKind
from fleet_control.work.tasks import CLOSED_S
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from gridfleet.wiring.units import CYCLE_S


class Floor:
    """The floor `teaching` in the twin, with words of stations put into the reports."""

    def __init__(self, seed: int = 1) -> None:
        self.simulation = Simulation(Scenario(layout="teaching", robots=12, hours=1.0, seed=seed))
        self.brain, self.twin = self.simulation.brain, self.simulation._twin
        self.cycle = 0
        self.departed: list[tuple[float, int]] = []

    def run(
        self, seconds: float, *news: tuple[int, StationEvent],
        operations: Sequence[Operation] = (), look: Callable[[Reports], None] = lambda _: None,
    ) -> None:  # fmt: skip
        for _ in range(round(seconds / CYCLE_S)):
            reports = self.twin.advance(self.cycle * CYCLE_S)
            if news:
                stations, events = zip(*news, strict=True)
                none = np.full(len(news), -1, dtype=np.int32)
                rows = StationNews(
                    np.array(stations, dtype=np.int32), np.array(events, dtype=np.int8), none, none
                )
                reports = replace(reports, station_news=rows)
            look(reports)
            self.twin.send(self.brain.decide(reports, operations))
            news, operations = (), ()
            self.cycle += 1

    def begun_at(self, station: int, after_s: float) -> int:
        """Tasks of the station that were given to a unit since then."""
        events = self.brain.log.columns()
        rows = (events["kind"] == EventKind.TASK_ASSIGNED) & (events["station"] == station)
        return int((rows & (events["time_s"] > after_s)).sum())

    def kinds(self, station: int) -> list[EventKind]:
        events = self.brain.log.columns()
        rows = (events["station"] == station) & (events["kind"] >= EventKind.SCAN_REFUSED)
        return [EventKind(int(kind)) for kind in events["kind"][rows]]


def test_a_station_that_is_not_ready_gets_no_new_work_until_it_is() -> None:
    floor = Floor()
    floor.run(120.0)
    assert floor.begun_at(2, 0.0)
    floor.run(CYCLE_S, (2, StationEvent.NOT_READY))
    closed_s = floor.cycle * CYCLE_S
    done = floor.brain.setup.n_done()
    floor.run(200.0)
    assert not floor.begun_at(2, closed_s)
    assert floor.brain.setup.n_done() > done + 20, "the others work on"
    assert not floor.brain.valve.is_closed
    assert floor.kinds(2) == [EventKind.STATION_NOT_READY]
    floor.run(60.0, (2, StationEvent.READY))
    assert floor.begun_at(2, closed_s + 200.0), "its tasks have kept their turn"


def test_the_pods_of_a_station_that_is_closed_for_long_are_free_for_others() -> None:
    floor = Floor()
    floor.run(20.0)
    floor.run(CLOSED_S - 1.0, (2, StationEvent.NOT_READY))
    assert floor.kinds(2) == [EventKind.STATION_NOT_READY]
    floor.run(2.0)
    assert EventKind.TASK_CANCELLED in floor.kinds(2)
    floor.brain.setup.work._inventory.check()


def test_scans_that_were_refused_are_recorded() -> None:
    floor = Floor()
    floor.run(1.0, (1, StationEvent.WRONG_SKU), (1, StationEvent.WRONG_POD))
    assert floor.kinds(1) == [EventKind.SCAN_REFUSED] * 2
    assert floor.brain.controller.supervisor.stations.n_refused == 2
    events = floor.brain.log.columns()
    rows = events["kind"] == EventKind.SCAN_REFUSED
    assert events["value"][rows].tolist() == [StationEvent.WRONG_SKU, StationEvent.WRONG_POD]


def test_no_pods_are_fetched_for_a_station_that_is_cut_off() -> None:
    floor = Floor()
    floor.run(60.0)
    layout = floor.simulation.layout
    station = layout.stations[1]
    lane = (station.cell, *station.queue)
    floor.run(10.0, operations=[Operation(OperationKind.BLOCK, cells=tuple(map(int, lane)))])
    assert floor.brain.controller.supervisor.stations.cut_off == {1}
    since_s, done = floor.cycle * CYCLE_S, floor.brain.setup.n_done()
    floor.run(200.0)
    assert not floor.begun_at(1, since_s)
    assert floor.brain.setup.n_done() > done + 20, "units do not all stand with pods for it"
    unblock = Operation(OperationKind.UNBLOCK, cells=tuple(map(int, lane)))
    floor.run(60.0, operations=[unblock])
    assert not floor.brain.controller.supervisor.stations.closed
    assert floor.begun_at(1, since_s + 200.0)

"""The controller's backend with a vehicle of another maker behind a real broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from mqtt_rig import DEADLINE_S, ConnectedVehicle, Mosquitto, running_mosquitto
from plain_vehicle import PlainVehicle
from vda_samples import SCHEMAS

from fleet_control.backend import (
    Act,
    Commands,
    Condition,
    Releases,
    Reports,
    Request,
    Requests,
    no_outlook,
    no_releases,
    no_requests,
    no_station_jobs,
)
from hw_bridge.backend import BridgeBackend, BridgeOptions
from hw_bridge.labels import Labels
from hw_bridge.log_check import check_log
from hw_bridge.mqtt.options import BrokerAddress, MqttOptions
from hw_bridge.mqtt.transport import MqttTransport
from hw_bridge.roster import Roster
from hw_bridge.schemas import Schemas
from hw_bridge.transport import RealTime
from hw_bridge.wire_log import WireLog
from layouts.geometry import cell_centres_m
from layouts.layout import Layout
from layouts.loading import load

SPEED = 4.0
CYCLE_S = 0.2
POD = 7


@pytest.fixture(scope="module")
def layout() -> Layout:
    return load("teaching")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path) as running:
        yield running


class Pump(threading.Thread):
    """The vehicle's own life, beside that of the controller."""

    def __init__(self, connected: ConnectedVehicle) -> None:
        super().__init__(daemon=True)
        self.connected, self.is_over = connected, threading.Event()

    def run(self) -> None:
        then_s = time.monotonic()
        while not self.is_over.wait(0.005):
            now_s = time.monotonic()
            self.connected.pump((now_s - then_s) * SPEED)
            then_s = now_s


class Hall:
    """Backend, broker and vehicle. reports: all that the backend has told."""

    def __init__(self, layout: Layout, broker: Mosquitto, folder: Path, version: str) -> None:
        self.layout, self.folder, self.port = layout, folder, broker.port
        self.centres = cell_centres_m(layout.n_rows, layout.n_cols, layout.cell_size_m)
        self.row = _row_of_floor(layout)
        x, y = self.centres[self.row[0]].tolist()
        pod = tuple(self.centres[self.row[2]].tolist())
        self.vehicle = PlainVehicle(version, x, y, {pod: f"P{POD:05d}"})
        self.connected = ConnectedVehicle(self.vehicle, broker.port)
        self.pump = Pump(self.connected)
        self.pump.start()
        self.epoch = 0
        self.log = WireLog(folder / "wire.jsonl")
        self.open()

    def open(self) -> None:
        """A new life of the controller, with its gateway."""
        self.epoch += 1
        clock = RealTime(0.0, SPEED)
        roster = Roster(("V1",), tuple(station.name for station in self.layout.stations))
        transport = MqttTransport(
            self.layout, roster.units, MqttOptions(BrokerAddress("127.0.0.1", self.port)),
            self.folder / "vehicles", roster.makers, clock.now_s,
        )  # fmt: skip
        pod_cells = np.full(POD + 1, -1, dtype=np.int32)
        pod_cells[POD] = self.row[2]
        self.backend = BridgeBackend(
            self.layout, roster, [transport], clock, self.epoch, pod_cells=pod_cells,
            labels=Labels(at=lambda cell: f"P{POD:05d}" if cell == self.row[2] else ""),
            options=BridgeOptions(patience_s=20.0), on_message=self.log.note,
        )  # fmt: skip
        self.transport, self.clock = transport, clock
        self.reports: list[Reports] = []
        self.start = self.backend.connect()

    def release(self, first: int, cells: list[int], acts: dict[int, Act] | None = None) -> None:
        steps = np.arange(first, first + len(cells), dtype=np.int32)
        codes = [(acts or {}).get(int(step), Act.DRIVE) for step in steps]
        self.send(
            Releases(
                np.zeros(len(cells), dtype=np.int32), steps, np.array(cells, dtype=np.int32),
                np.array(codes, dtype=np.int8),
            )
        )  # fmt: skip

    def ask(self, kind: Request) -> None:
        requests = Requests(np.zeros(1, dtype=np.int32), np.array([kind], dtype=np.int8))
        self.send(no_releases(), requests)

    def send(self, releases: Releases, requests: Requests | None = None) -> None:
        asked = no_requests() if requests is None else requests
        self.backend.send(Commands(releases, no_station_jobs(), no_outlook(), asked))

    def until(self, wanted: Callable[[Reports], bool]) -> Reports:
        """Cycles until a report is so."""
        end_s = time.monotonic() + DEADLINE_S
        while True:
            reports = self.backend.advance(self.clock.now_s() + CYCLE_S)
            self.reports.append(reports)
            if wanted(reports):
                return reports
            assert time.monotonic() < end_s, (self.vehicle.log, self.backend.status()[0])
            self.send(no_releases())

    def until_done(self, step: int) -> Reports:
        return self.until(lambda told: len(told.done) > 0 and told.done[0] == step)

    def close(self) -> None:
        self.backend.close()
        self.log.close()
        self.pump.is_over.set()
        self.pump.join()
        self.connected.close()


def _row_of_floor(layout: Layout) -> list[int]:
    for cell in range(layout.n_rows * layout.n_cols):
        run = [cell]
        while len(run) < 6 and layout.neighbours[run[-1], 0] >= 0:
            run.append(int(layout.neighbours[run[-1], 0]))
        if len(run) == 6:
            return run
    raise AssertionError("no such floor")


@pytest.fixture
def make_hall(layout: Layout, broker: Mosquitto, tmp_path: Path) -> Iterator[Callable[[str], Hall]]:
    made: list[Hall] = []

    def make(version: str) -> Hall:
        made.append(Hall(layout, broker, tmp_path, version))
        return made[-1]

    yield make
    for hall in made:
        hall.close()


@pytest.mark.parametrize("version", ["2.0.0", "2.1.0", "3.0.0"])
def test_a_pod_is_carried(make_hall: Callable[[str], Hall], version: str) -> None:
    hall = make_hall(version)
    row = hall.row
    assert hall.start.cells.tolist() == [row[0]]
    hall.release(1, [row[1], row[2], row[2]], {3: Act.LIFT})
    hall.until_done(3)
    hall.release(4, [row[3], row[4], row[4], row[5]], {6: Act.LOWER})
    told = hall.until_done(7)
    assert told.cleared.tolist() == [7]
    assert {fault for report in hall.reports for fault in report.faults.tolist()} == {0}
    assert hall.vehicle.pods == {tuple(hall.centres[row[4]].tolist()): f"P{POD:05d}"}
    assert hall.vehicle.problems == []
    assert hall.backend.refused() == {}
    status = hall.backend.status()[0]
    assert (status.connection, status.n_lost) == ("ONLINE", 0)
    hall.log.close()
    schemas = Schemas(SCHEMAS) if SCHEMAS.is_dir() else None
    assert check_log(hall.folder / "wire.jsonl", schemas).faults == []


def test_cells_are_freed_only_when_the_vehicle_has_left_them(
    make_hall: Callable[[str], Hall],
) -> None:
    hall = make_hall("2.0.0")
    hall.vehicle._deviation = lambda node: 0.3  # type: ignore[method-assign]
    hall.vehicle.speed = 0.5
    row = hall.row
    hall.release(1, row[1:])
    end_s = time.monotonic() + DEADLINE_S
    done = 0
    while done < 5:
        assert time.monotonic() < end_s
        reports = hall.backend.advance(hall.clock.now_s() + 0.05)
        if len(reports.cleared):
            done = int(reports.done[0])
            left_of = hall.centres[row[int(reports.cleared[0])]][0]
            assert hall.vehicle.x >= left_of - 0.13  # its tail is in the cell that it keeps
        hall.send(no_releases())


def test_cancel_and_go_another_way(make_hall: Callable[[str], Hall]) -> None:
    hall = make_hall("2.1.0")
    row = hall.row
    hall.vehicle.speed = 1.0
    hall.release(1, row[1:])
    hall.until_done(1)
    hall.ask(Request.CANCEL)
    told = hall.until(lambda reports: len(reports.retractions.units) > 0)
    kept = int(told.retractions.kept[0])
    assert 1 <= kept < 5
    back = row[kept - 1]
    hall.release(kept + 1, [back])
    hall.until_done(kept + 1)
    assert hall.vehicle.x == pytest.approx(hall.centres[back][0], abs=0.06)


def test_pause_and_go_on(make_hall: Callable[[str], Hall]) -> None:
    hall = make_hall("3.0.0")
    hall.vehicle.speed = 1.0
    hall.release(1, hall.row[1:])
    hall.until_done(1)
    hall.ask(Request.PAUSE)
    hall.until(
        lambda reports: (
            len(reports.conditions.flags) > 0
            and bool(reports.conditions.flags[0] & Condition.PAUSED)
        )
    )
    assert hall.vehicle.paused
    hall.ask(Request.RESUME)
    hall.until_done(5)


def test_a_lift_that_failed_is_tried_again(make_hall: Callable[[str], Hall]) -> None:
    hall = make_hall("2.0.0")
    row = hall.row
    hall.vehicle.fails_picks = 1
    hall.release(1, [row[1], row[2], row[2]], {3: Act.LIFT})
    hall.until(lambda reports: bool((reports.faults != 0).any()))
    hall.ask(Request.RETRY)
    told = hall.until_done(3)
    assert told.faults.tolist() == [0]
    assert hall.vehicle.load == f"P{POD:05d}"


def test_a_vehicle_that_was_switched_off_is_found_again(make_hall: Callable[[str], Hall]) -> None:
    hall = make_hall("2.0.0")
    row = hall.row
    hall.vehicle.speed = 1.0
    hall.release(1, row[1:])
    hall.until_done(2)
    hall.vehicle.switch_on()
    told = hall.until(lambda reports: len(reports.retractions.units) > 0)
    kept = int(told.retractions.kept[0])
    assert 2 <= kept < 5
    assert 2 in [n for report in hall.reports for n in report.conditions.sessions.tolist()]
    hall.release(kept + 1, row[kept + 1 :])
    hall.until_done(5)


def test_a_controller_that_starts_again_finds_the_vehicle(
    make_hall: Callable[[str], Hall],
) -> None:
    hall = make_hall("3.0.0")
    row = hall.row
    hall.vehicle.speed = 1.0
    hall.release(1, row[1:])
    hall.until_done(2)
    hall.backend.close()
    hall.open()
    where = int(hall.start.cells[0])
    assert where in (-1, *row[1:])  # between two cells it is on none alone
    # It has released steps 2 to 5 by its books, and says so.
    hall.release(2, row[2:])
    told = hall.until(lambda reports: len(reports.retractions.units) > 0)
    kept = int(told.retractions.kept[0])
    hall.release(kept + 1, row[kept + 1 :])
    # On a busy machine it may have been there before anybody told it to stop.
    end = hall.centres[row[5]].tolist()
    hall.until(lambda _: (hall.vehicle.x, hall.vehicle.y) == tuple(end))

"""The live loop over the bridge in lockstep: a controller that dies finds its fleet again."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from bridged_run import BridgedRun, bridged

from fleet_control.events import EventKind
from gridfleet.brain import Groundwork
from gridfleet.emulator.building import EmulatorOptions
from gridfleet.journalled import replay_run
from gridfleet.live.books import begun, exists, resumed
from gridfleet.live.head import LiveHead
from gridfleet.live.labels import FloorLabels, pod_cells
from gridfleet.live.links import BridgeLinks
from gridfleet.live.run import LiveRun
from gridfleet.live.status import StatusBoard
from gridfleet.scenario import Scenario
from gridfleet.wiring.units import CYCLE_S
from hw_bridge.backend import BridgeBackend, BridgeOptions

SCENARIO = Scenario(layout="teaching", robots=6, hours=1.0, seed=3)


class Life:
    """One life of a controller; the sockets and the fleet outlive it."""

    def __init__(self, path: Path, it: BridgedRun) -> None:
        roster, transports = it.backend._roster, it.backend._transports.each

        def head(_: Groundwork) -> LiveHead:
            return LiveHead(units=roster.units, stations=roster.stations, begin_unix_s=0.0)

        self.stack = ExitStack()
        opened = resumed(path, 5.0) if exists(path) else begun(path, SCENARIO, head, 5.0)
        self.books = self.stack.enter_context(opened)
        labels = FloorLabels()
        backend = BridgeBackend(
            self.books.ground.layout, roster, transports, it._time, self.books.epoch,
            pod_cells=pod_cells(self.books), labels=labels.labels(),
            options=BridgeOptions(gather_s=0.0),
        )  # fmt: skip
        self.backend = backend
        self.run = labels.run = LiveRun(
            self.books, backend, it._time, usurper=lambda: backend.usurper
        )
        self.run.start()

    def go(self, seconds: float) -> None:
        for _ in range(round(seconds / CYCLE_S)):
            self.run._cycle()

    def die(self) -> None:
        self.stack.close()


def test_a_controller_that_dies_and_comes_back_loses_and_doubles_nothing(tmp_path: Path) -> None:
    path = tmp_path / "fleet.journal"
    options = EmulatorOptions(seed=3, wrong_scans=0.2, first_session=1_800_000_000)
    with bridged(tmp_path, SCENARIO, options) as it:
        done = []
        for seconds in (40.0, 23.0, 31.0, 46.0):
            life = Life(path, it)
            assert life.run.brain.controller.executor.is_present.all()
            life.go(seconds)
            done.append(life.run.brain.setup.n_done())
            assert life.backend.figures.n_lost == 0
            assert not life.backend.usurper
            last = life
            life.die()
        assert it.contacts == 0
        finished = sum(terminal.n_finished for terminal in it.fleet.stations.terminals)
    assert done == sorted(done)
    assert done[-1] > 10
    assert done[-1] <= finished <= done[-1] + len(last.books.head.stations)
    found = replay_run(path).outcome
    assert (found.difference, found.damage) == ("", "")
    events = last.run.brain.log.columns()
    assert (events["kind"] == EventKind.SCAN_REFUSED).any(), "a fifth of the scans were wrong"
    status = StatusBoard(BridgeLinks(last.backend))(last.run)
    assert status["conditions"] == {"working": 6}
    assert all(station["is_ready"] for station in status["stations"])
    labels = it.fleet.floor.labels
    work = last.run.brain.setup.work
    carried = {label for label in labels if label}
    assert carried, "pods were lifted by their names"
    assert len(np.unique(work.pod_cells[work.pod_cells >= 0])) == (work.pod_cells >= 0).sum()

"""A live run over a twin behind a link, on the twin's own time: no sockets, no waiting."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from gridfleet.brain import Groundwork, lay_groundwork
from gridfleet.live.books import LiveBooks, begun, exists, resumed
from gridfleet.live.head import LiveHead
from gridfleet.live.run import Desk, Ended, LiveRun, Observer
from gridfleet.scenario import Scenario
from gridfleet.wiring import compile_kernels
from gridfleet.wiring.units import CYCLE_S
from twin.kinematic.engine import KinematicTwin
from twin.linked import LinkedTwin
from twin.people import People

UNIX_S = 1_800_000_000.0
SCENARIO = Scenario(layout="teaching", robots=8, hours=1.0, seed=4)


class TwinTime:
    def __init__(self, twin: LinkedTwin) -> None:
        self._twin = twin

    def now_s(self) -> float:
        return self._twin.time_s


def make_world(scenario: Scenario = SCENARIO) -> LinkedTwin:
    """Units and people, as the scenario has them at the start."""
    ground = lay_groundwork(scenario)
    compile_kernels(ground.planner.name)
    people = People(len(ground.layout.stations), scenario.seed, ground.setup.service)
    headings = np.zeros(ground.n_units, dtype=np.int8)
    twin = KinematicTwin(
        ground.layout, ground.fleet.cells, headings, ground.setup.pod_cells, people, scenario.unit
    )
    return LinkedTwin(ground.layout, twin, scenario.seed)


def head_of(ground: Groundwork) -> LiveHead:
    return LiveHead(
        units=tuple(f"R{unit + 1:03d}" for unit in range(ground.n_units)),
        stations=tuple(station.name for station in ground.layout.stations),
        begin_unix_s=UNIX_S,
    )


class Controller:
    """One life of a controller over a world that outlives it."""

    def __init__(
        self, path: Path, world: LinkedTwin, scenario: Scenario = SCENARIO, *,
        desk: Desk | None = None, observers: tuple[Observer, ...] = (), until_s: float = 1e9,
        without: tuple[int, ...] = (),
    ) -> None:  # fmt: skip
        self.stack = ExitStack()
        unix_s = UNIX_S + world.time_s
        opened = resumed(path, unix_s) if exists(path) else begun(path, scenario, head_of, unix_s)
        self.books: LiveBooks = self.stack.enter_context(opened)
        world.next_epoch = self.books.epoch
        self.run = LiveRun(
            self.books, world, TwinTime(world), desk=desk, observers=observers, until_s=until_s,
            without=without,
        )  # fmt: skip
        self.run.start()

    def cycles(self, n_cycles: int, then: Callable[[], bool] = lambda: True) -> Ended:
        """So many cycles; ends as Ctrl-C would end it."""
        first = self.run.cycle
        return self.run.run(lambda: self.run.cycle >= first + n_cycles and then())

    def drive(self, seconds: float) -> Ended:
        return self.cycles(round(seconds / CYCLE_S))

    def die(self) -> None:
        """The process is gone: nothing is written any more."""
        self.stack.close()

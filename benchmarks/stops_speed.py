"""What units that stop at random cost, and how near supervision comes to one that is told of stops.

    python benchmarks/stops_speed.py LAYOUT --robots 100 --after 3 5 10 20 never --told --cuts

Every unit that drives stands for STOP_S at random times, SHARE of them at any time on average, and
says nothing of it. Printed for every way to go about it: tasks (or errands) an hour of each seed
over the second half of the run, their mean and its share of a run without stops. All figures are
exact and the same on every machine.

--after S: a unit is led around S seconds after its last progress, `never` for not at all. --told:
supervision is told the moment a stop begins and ends, which is the yardstick. --cuts S: nothing
stops, but all paths are cut every S seconds. Counted an hour: `around`, units led around; `wrong`,
those of them that had not stopped; `cuts`. Shares of the time of driving units: `waits`, for who is
ahead to leave the next cell; `for late`, for a cell that nobody has, since a unit with an earlier
ticket is not there yet, and behind those that wait for that: all that another order of visits could
save; and of this the share in which the one that is waited for has stopped itself.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from fleet_control.controller import Controller
from fleet_control.events import EventKind
from fleet_control.execution.kernels import RING
from fleet_control.supervision.books import Books
from fleet_control.supervision.stops import StopOptions, Stops
from gridfleet.record import RunRecord
from gridfleet.scenario import Scenario
from gridfleet.scenario_tables import DemandTable
from gridfleet.simulation import Simulation
from layouts import LayoutError, load
from twin.linked import LinkedTwin

STOP_S = 60.0
SHARE = 0.01
ORDERS_PER_STATION = 600.0
"""More than a floor can fill, so that its units are what limits it."""
CYCLES_A_LOOK = 5
"""Control cycles between two looks at who waits."""
NEVER = math.inf


@dataclass(frozen=True, slots=True)
class Way:
    """after_s: StopOptions.block_after_s. is_told: supervision knows who has stopped. cut_every_s:
    cut all paths that often."""

    name: str
    has_stops: bool = True
    after_s: float = NEVER
    is_told: bool = False
    cut_every_s: float = NEVER


@dataclass(slots=True)
class Counts:
    """Looks at driving units: how many, how many of them waited and for whom."""

    n_driving: int = 0
    n_waiting: int = 0
    n_for_late: int = 0
    n_for_stopped: int = 0


class WatchedStops(Stops):
    """Stops of which supervision may be told at once, and that looks who waits on the way."""

    def __init__(self, books: Books, options: StopOptions, way: Way, twin: LinkedTwin) -> None:
        super().__init__(books, options)
        self._way, self._twin, self._n_cycles = way, twin, 0
        self._cut_s = 0.0
        self.counts = Counts()

    def watch(self) -> None:
        self._n_cycles += 1
        if self._n_cycles % CYCLES_A_LOOK == 0:
            self._look()
        if self._books.now_s >= self._cut_s + self._way.cut_every_s:
            self._cut_s = self._books.now_s
            self._books.cut()
        if self._way.is_told:
            self._watched_s = -np.inf
        super().watch()

    def _truth(self) -> np.ndarray:
        return np.asarray(self._twin.twin.units["factor"] == 0.0)

    def _stopped(self) -> np.ndarray:
        if self._way.is_told:
            return self._books.executor.is_present & self._truth()
        return super()._stopped()

    def _can_go_on(self, unit: int) -> bool:
        return not self._truth()[unit] if self._way.is_told else super()._can_go_on(unit)

    def _look(self) -> None:
        """Who waits for a cell, and whether that is for somebody who has yet to come there."""
        books, counts = self._books, self.counts
        ex = books.executor
        waits_for, goes_on = ex.waits()
        waiting = (waits_for >= 0) & (ex.done == ex.released)
        ahead = ex.cells[np.arange(len(waiting)), (ex.released + 1) % RING]
        is_late = waiting & (ex.owners[ahead] < 0)
        driving = books.driving.is_driving & ~books.driving.is_suspended
        counts.n_driving += int(driving.sum())
        counts.n_waiting += int((driving & waiting).sum())
        for unit in np.flatnonzero(driving & waiting).tolist():
            while waits_for[unit] >= 0 and goes_on[unit] and not is_late[unit]:
                unit = int(waits_for[unit])
            if is_late[unit]:
                counts.n_for_late += 1
                counts.n_for_stopped += int(self._truth()[waits_for[unit]])


def main() -> None:
    options = _options()
    try:
        layout = load(options.layout)
    except LayoutError as error:
        raise SystemExit(str(error)) from error
    n_fulfil = len(layout.stations)
    demand = DemandTable(orders_per_hour=ORDERS_PER_STATION * n_fulfil)
    base = Scenario(
        layout=options.layout, robots=options.robots, max_working=options.max_working,
        hours=options.minutes / 60.0, demand=demand,
    )  # fmt: skip
    usual = 0.0
    for way in _ways(options):
        usual = _compare(
            base, way, range(options.first_seed, options.first_seed + options.seeds), usual
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("layout")
    parser.add_argument("--robots", type=int, default=0)
    parser.add_argument("--max-working", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--after", nargs="*", default=["10"])
    parser.add_argument("--told", action="store_true")
    parser.add_argument("--cuts", type=float, default=NEVER)
    parser.add_argument("--no-usual", action="store_true")
    return parser.parse_args()


def _ways(options: argparse.Namespace) -> list[Way]:
    ways = [] if options.no_usual else [Way("no stops", has_stops=False)]
    if options.cuts < NEVER:
        ways.append(Way("cuts alone", has_stops=False, cut_every_s=options.cuts))
    if options.told:
        ways.append(Way("told", is_told=True))
    for after in options.after:
        seconds = NEVER if after == "never" else float(after)
        ways.append(Way(f"after {after} s" if seconds < NEVER else "never", after_s=seconds))
    return ways


def _compare(base: Scenario, way: Way, seeds: range, usual: float) -> float:
    """Print a line; returns tasks an hour without stops."""
    rates, rows = [], []
    for seed in seeds:
        rate, row = _run(base, way, seed)
        rates.append(rate)
        rows.append(row)
    mean, figures = float(np.mean(rates)), np.mean(rows, axis=0)
    usual = usual or mean
    told = ", ".join(f"{rate:,.0f}" for rate in rates)
    print(
        f"{way.name:12} {mean:8,.0f} ({told}) {mean / usual:6.1%} | around {figures[0]:.0f}, wrong "
        f"{figures[1]:.0f}, cuts {figures[2]:.0f} an hour; waits {figures[3]:.1%}, for late "
        f"{figures[4]:.2%}, of these stopped {figures[5]:.0%}",
        flush=True,
    )
    return usual


def _run(base: Scenario, way: Way, seed: int) -> tuple[float, list[float]]:
    """Tasks an hour in the second half, and the other figures of the line."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = msgspec.structs.replace(base, seed=seed)
        path = Path(folder) / "stops.toml"
        probe = Simulation(scenario)
        controller = probe.mind()[0]
        units = np.setdiff1d(
            np.arange(len(controller.executor.done)), controller.driving.parking.units
        )
        path.write_text(
            _stops(units, base.hours, seed) if way.has_stops else _nothing(units, base.hours)
        )
        simulation = Simulation(msgspec.structs.replace(scenario, faults=str(path)))
        controller, world = simulation.mind()[0], simulation.world()[0]
        watched = WatchedStops(
            controller.supervisor.books, StopOptions(block_after_s=way.after_s), way, world
        )
        controller.supervisor.stops = watched
        record = simulation.run()
    return _figures(record, controller, watched)


def _stops(units: np.ndarray, hours: float, seed: int) -> str:
    """A fault file: stops at random times of random units."""
    rng = np.random.default_rng([seed, 0x570B])
    n_stops = rng.poisson(SHARE * len(units) * hours * 3600.0 / STOP_S)
    rows = zip(
        np.sort(rng.uniform(0.0, hours * 3600.0 - 1.0, n_stops)).tolist(),
        rng.choice(units, n_stops).tolist(), strict=True,
    )  # fmt: skip
    return "".join(
        f'[[fault]]\nkind = "stop"\nunit = {unit}\nat = {at_s:.1f}\nminutes = {STOP_S / 60.0}\n'
        for at_s, unit in rows
    )


def _nothing(units: np.ndarray, hours: float) -> str:
    """A fault file all the same, so that the run has a link: one stop as it ends."""
    at_s = hours * 3600.0 - 1.0
    return f'[[fault]]\nkind = "stop"\nunit = {units[0]}\nat = {at_s:.1f}\nminutes = 1.0\n'


def _figures(
    record: RunRecord, controller: Controller, watched: WatchedStops
) -> tuple[float, list[float]]:
    events, hours, counts = record.events, record.sim_s / 3600.0, watched.counts
    kinds, times, units = events["kind"], events["time_s"], events["unit"]
    done = EventKind.TASK_DONE if (kinds == EventKind.TASK_DONE).any() else EventKind.ERRAND_DONE
    half_s = record.sim_s / 2.0
    rate = ((kinds == done) & (times > half_s)).sum() * 3600.0 / half_s
    around = np.flatnonzero(kinds == EventKind.STOPPED)
    wrong = sum(
        not any(
            fault.unit == units[row] and fault.began_s - 0.1 <= times[row] <= fault.ended_s + 0.1
            for fault in record.faults
        )
        for row in around.tolist()
    )
    n_cuts = controller.supervisor.books.n_cuts
    return float(rate), [
        len(around) / hours,
        wrong / hours,
        n_cuts / hours,
        counts.n_waiting / max(counts.n_driving, 1),
        counts.n_for_late / max(counts.n_driving, 1),
        counts.n_for_stopped / max(counts.n_for_late, 1),
    ]


if __name__ == "__main__":
    main()

"""What is changed about a floor, its fleet or what decides leaves every draw of chance as it was.

Demand, service times and faults of runs that differ in one thing are compared draw by draw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from fleet_control.backend import StationJobs
from fleet_control.events import EventKind
from fleet_control.work.options import FulfilmentOptions
from gridfleet import simulation as runs
from gridfleet.demand import Placement
from gridfleet.emulator.setting import setting_of
from gridfleet.scenario import Scenario
from gridfleet.scenario_tables import DemandTable, Parcels
from gridfleet.simulation import Simulation
from layouts import load
from twin.faults import DEFAULT_KINDS, Fault, FaultKind, random_schedule
from twin.people import People, ServiceTimes
from twin.physics.options import PLANAR, PhysicsOptions

PICKING = Scenario(
    layout="teaching", robots=12, hours=0.1, seed=3,
    demand=DemandTable(orders_per_hour=600.0, n_skus=200), stock=Placement(margin=2.0),
)  # fmt: skip
SORTING = Scenario(
    layout="sortation", robots=12, hours=0.1, seed=3, parcels=Parcels(parcels_per_hour=1500.0)
)
CHANGES: dict[str, dict[str, Any]] = {
    "layout, stations and fleet": {"layout": "demo", "robots": 30},
    "layout with stow stations": {"layout": "pick-and-stow"},
    "fleet": {"robots": 20},
    "planner's lanes": {"guidance": "none"},
    "allocation": {"allocation": "nearest"},
    "rules": {"work": FulfilmentOptions(order_slots=3, onward_rule="never", storage_rule="home")},
    "stock": {"stock": Placement(skus_per_pod=5, fill=0.6, pods="random")},
    "engine": {"engine": "physics", "hours": 0.025, "physics": PhysicsOptions(detail=PLANAR)},
}


class Draws:
    """Of a run: order -> time and number of lines; line -> what is wanted; line -> seconds that one
    unit takes people; how many lines people were given before each."""

    def __init__(self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        self.service_s: dict[int, float] = {}
        monkeypatch.setattr(runs, "People", self._people())
        simulation = Simulation(scenario)
        events = simulation.run().events
        simulation.close()
        placed = events["kind"] == EventKind.ORDER_PLACED
        rows = (events[name][placed].tolist() for name in ("order", "time_s", "value"))
        self.orders = {order: (time_s, n) for order, time_s, n in zip(*rows, strict=True)}
        work: Any = simulation.brain.setup.work
        if scenario.layout.startswith("sortation"):
            self.lines = {}
        else:
            wanted = zip(work.order_lines.sku_of, work.order_lines.quantity_of, strict=True)
            self.lines = dict(enumerate(wanted))

    def _people(self) -> Callable[..., People]:
        service_s = self.service_s

        class Told(People):
            def accept(self, jobs: StationJobs, now_s: float) -> None:
                for station, line in zip(jobs.stations.tolist(), jobs.lines.tolist(), strict=True):
                    service_s[station, line] = self.service_s(station, line, 1)
                super().accept(jobs, now_s)

        return Told


def same(one: dict[Any, Any], other: dict[Any, Any], at_least: int) -> None:
    shared = one.keys() & other.keys()
    assert len(shared) >= at_least
    assert [one[key] for key in shared] == [other[key] for key in shared]


def by_line(draws: Draws) -> dict[int, float]:
    return {line: seconds for (_, line), seconds in draws.service_s.items()}


@pytest.fixture(scope="module")
def base() -> Draws:
    with pytest.MonkeyPatch.context() as patch:
        return Draws(PICKING, patch)


@pytest.mark.parametrize("change", CHANGES)
def test_orders_and_service_do_not_move(
    base: Draws, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    changed = msgspec.structs.replace(PICKING, **CHANGES[change])
    if changed.engine == "physics":
        pytest.importorskip("pybullet")
        short = msgspec.structs.replace(PICKING, hours=changed.hours)
        base = Draws(short, monkeypatch)
    draws = Draws(changed, monkeypatch)
    same(base.orders, draws.orders, at_least=250)
    same(base.lines, draws.lines, at_least=600)
    same(by_line(base), by_line(draws), at_least=60 if changed.hours == PICKING.hours else 5)
    if change in ("fleet", "rules"):
        assert list(base.service_s) != list(draws.service_s), "lines came in the same order"


def test_a_line_takes_as_long_whatever_came_before_it() -> None:
    """Another number of stations, another order of lines, parts; and a snapshot in between."""
    times = ServiceTimes(line_s=6.0, cv=0.5, unit_s=1.0)
    few, many = People(2, 7, times), People(9, 7, [times] * 9)
    rng = np.random.default_rng(0)
    lines = rng.integers(100_000, size=200).tolist()
    expected = {line: few.service_s(0, line, 1) for line in lines}
    for line in reversed(lines):
        assert many.service_s(int(rng.integers(9)), line, 1) == expected[line]
        assert many.service_s(3, line, 4) == expected[line] + 3.0
    seconds = np.array([few.service_s(0, line, 1) for line in range(20_000)])
    assert seconds.mean() == pytest.approx(6.0, rel=0.02)
    assert seconds.std() / seconds.mean() == pytest.approx(0.5, rel=0.03)
    assert People(2, 8, times).service_s(0, 5, 1) != few.service_s(0, 5, 1)


def test_stations_of_the_emulator_work_like_those_of_a_run() -> None:
    emulated = setting_of(PICKING, load(PICKING.layout)).people()
    simulated = People(4, PICKING.seed, PICKING.service)
    assert [emulated.service_s(1, line, 1) for line in range(50)] == [
        simulated.service_s(2, line, 1) for line in range(50)
    ]


@pytest.mark.parametrize(
    "change",
    [{"layout": "sortation-large", "robots": 30}, {"robots": 30}, {"allocation": "nearest"}],
    ids=["layout, stations and fleet", "fleet", "allocation"],
)
def test_parcels_come_when_they_did(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    before, after = (
        Draws(msgspec.structs.replace(SORTING, **more), monkeypatch) for more in ({}, change)
    )
    same(before.orders, after.orders, at_least=120)
    same(put_on(before), put_on(after), at_least=60)


def put_on(draws: Draws) -> dict[int, float]:
    """Parcel -> seconds to put it on a unit, the first that people do with it."""
    seconds: dict[int, float] = {}
    for (_, parcel), service_s in draws.service_s.items():
        seconds.setdefault(parcel, service_s)
    return seconds


@pytest.mark.parametrize("seed", range(3))
def test_faults_come_when_and_as_bad_as_they_did(seed: int) -> None:
    """On other floors and with other fleets; the k-th of a kind is the same one. Their units and
    cells are those in proportion."""
    rates = dict.fromkeys(DEFAULT_KINDS, 5.0)
    small, large = load("teaching"), load("demo")
    drawn = random_schedule(seed, rates, 12.0, small, 10).faults
    other = random_schedule(seed, rates, 12.0, large, 40).faults
    assert len(drawn) == len(other) > 500
    for one, another in zip(drawn, other, strict=True):
        assert bare(one) == bare(another), f"seed {seed}"
        if one.unit >= 0 or another.unit >= 0:
            assert another.unit // 4 == one.unit, f"seed {seed}"
    assert drawn == random_schedule(seed, rates, 12.0, small, 10).faults


def test_rates_and_lengths_of_runs_change_no_fault() -> None:
    layout = load("teaching")
    stops = random_schedule(1, {FaultKind.STOP: 10.0}, 10.0, layout, 10).faults
    often = random_schedule(1, {FaultKind.STOP: 20.0}, 10.0, layout, 10).faults
    longer = random_schedule(1, {FaultKind.STOP: 10.0}, 20.0, layout, 10).faults
    assert longer[: len(stops)] == stops
    for one, other in zip(stops, often, strict=False):
        assert (one.lasts_s, one.unit) == (other.lasts_s, other.unit)
        assert other.at_s == pytest.approx(one.at_s / 2, abs=0.11)


def bare(fault: Fault) -> dict[str, Any]:
    """All but where it happens and to which unit."""
    figures = {name: getattr(fault, name) for name in fault.__slots__}
    return {name: value for name, value in figures.items() if name not in ("unit", "cells")}

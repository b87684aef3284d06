"""Accounts of time in whole runs: exact whatever happens, and right about what happens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fleet_control.accounting.causes import CAUSES, Cause
from fleet_control.accounting.ticks import ticks
from fleet_control.accounting.unit_ledger import UnitUse
from gridfleet.demand.placement import Placement
from gridfleet.kpis import kpis
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from gridfleet.torture.case import draw_case
from gridfleet.torture.faults import draw_faults
from gridfleet.torture.run import CaseRun


@pytest.mark.parametrize("seed", range(12))
def test_all_time_is_booked_once_on_random_floors_with_faults(seed: int) -> None:
    """Killed controllers included: while nobody decides, everyone is as it was left."""
    case = draw_case(seed)
    run = CaseRun(case, draw_faults(case))
    assert run.run().is_sound, f"seed {seed}"
    mind = run.brain.mind
    now = ticks(mind.controller.driving.now_s)
    causes = mind.work.station_causes(now / 1e6)
    units = mind.controller.ledger.time()
    assert (causes.sum(axis=1) == now).all(), f"seed {seed}"
    assert (causes >= 0).all(), f"seed {seed}"
    assert units.is_exact, f"seed {seed}"
    assert (units.booked.sum(axis=1) == now).all(), f"seed {seed}"
    states_s = mind.work.station_times(now / 1e6)
    picking_s = mind.work.station_causes_s(now / 1e6)[:, Cause.PICKING]
    assert np.array_equal(states_s[:, 0], picking_s), f"seed {seed}"
    waits_s = mind.controller.wait_s.sum()
    assert waits_s == pytest.approx(units.booked[:, UnitUse.WAITING].sum() / 1e6), f"seed {seed}"


def shares(simulation: Simulation) -> dict[str, float]:
    """Of station time, by cause."""
    causes = simulation.run().station_causes
    assert causes is not None
    return dict(zip(CAUSES, causes.sum(axis=0) / causes.sum(), strict=True))


def test_figures_over_a_window_are_differences() -> None:
    simulation = Simulation(Scenario(layout="teaching", hours=0.15, seed=2))
    taken = []

    def take(news: object) -> None:
        controller, work = simulation.brain.controller, simulation.brain.setup.work
        now_s = controller.driving.now_s
        taken.append((now_s, work.station_causes_s(now_s), controller.unit_time_s))

    record = simulation.run(take)
    (from_s, *before), (until_s, *after) = taken[20], taken[-5]
    for early, late in zip(before, after, strict=True):
        window = late - early
        assert (window >= 0).all()
        assert window.sum(axis=1) == pytest.approx(until_s - from_s)
    assert record.unit_time is not None
    assert (record.unit_time.booked.sum(axis=1) == ticks(record.sim_s)).all()


def with_faults(folder: Path, faults: str, hours: float = 0.12) -> dict[str, float]:
    """Shares of station time of a run with that happening to each unit, {unit} in the text."""
    path = folder / "faults.toml"
    path.write_text("".join(faults.format(unit=unit) for unit in range(20)), encoding="utf-8")
    return shares(Simulation(Scenario(layout="teaching", hours=hours, seed=2, faults=str(path))))


def test_units_that_break_down_stop_stations(tmp_path: Path) -> None:
    """All of them for a third of the run."""
    broken = '[[fault]]\nkind = "die"\nat = 180\nminutes = 2.4\nunit = {unit}\n'
    lost = with_faults(tmp_path, broken)
    assert 0.2 < lost["stopped"] < 0.4
    assert lost["picking"] > 0.2


def test_units_with_low_batteries_keep_tasks_waiting(tmp_path: Path) -> None:
    low = '[[fault]]\nkind = "low-battery"\nat = 60\nminutes = 30\nunit = {unit}\n'
    lost = with_faults(tmp_path, low)
    assert lost["charging"] > 0.3
    assert lost["no_unit"] < 0.05


def test_a_floor_that_is_short_of_everything_lacks_stock() -> None:
    """Hardly a unit of what orders want is there."""
    scarce = Placement(margin=0.0, min_lines=0.0)
    scenario = Scenario(layout="teaching", hours=0.3, seed=2, stock=scarce)
    figures = kpis(Simulation(scenario).run())
    assert figures["lost_capacity"]["stations"]["handling"]["missing_stock"]["share"] > 0.2
    assert figures["regime"] == "replenishment-bound"
    assert "want of stock" in figures["regime_reason"]

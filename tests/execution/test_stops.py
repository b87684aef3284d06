"""Units that stop and say nothing: when they are led around, tried again, and taken back."""

import math
from pathlib import Path

import numpy as np
import pytest

from fleet_control.events import EventKind
from fleet_control.supervision.stops import WATCH_S, StopOptions
from gridfleet.record import RunRecord
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from gridfleet.wiring.units import CYCLE_S

OPTIONS = StopOptions()
STOPPED_UNITS = range(8)
SLOW_UNITS = range(4)
BEGIN_S, END_S = 120.0, 240.0


@pytest.fixture(scope="module", params=[0, 1])
def record(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """Eight of twenty units stop for two minutes, wherever they are."""
    minutes = (END_S - BEGIN_S) / 60.0
    faults = "".join(
        f'[[fault]]\nkind = "stop"\nunit = {unit}\nat = {BEGIN_S}\nminutes = {minutes}\n'
        for unit in STOPPED_UNITS
    )
    return _run(faults, request.param, tmp_path_factory.mktemp("stops"))


def _run(faults: str, seed: int, folder: Path) -> RunRecord:
    path = folder / "faults.toml"
    path.write_text(faults)
    scenario = Scenario(layout="teaching", hours=0.15, seed=seed, faults=str(path))
    return Simulation(scenario).run()


def _events(record: RunRecord, kind: EventKind) -> list[tuple[float, int, float]]:
    """Time, unit and value of each."""
    rows = np.flatnonzero(record.events["kind"] == kind)
    columns = (record.events[name][rows].tolist() for name in ("time_s", "unit", "value"))
    return list(zip(*columns, strict=True))


def test_who_makes_no_progress_is_led_around_in_time(record: RunRecord) -> None:
    stopped = _events(record, EventKind.STOPPED)
    assert len({unit for _, unit, _ in stopped}) >= len(STOPPED_UNITS) // 2
    for time_s, unit, waited_s in stopped:
        assert unit in STOPPED_UNITS
        assert time_s > BEGIN_S
        assert OPTIONS.block_after_s <= waited_s <= OPTIONS.block_after_s + WATCH_S + CYCLE_S + 1e-6


def test_who_has_not_moved_is_not_tried_at_once(record: RunRecord) -> None:
    """A unit that gave up its steps at a cell centre has nothing to do, which proves nothing."""
    since_s = {}
    happened = [
        *((time_s, unit, True) for time_s, unit, _ in _events(record, EventKind.STOPPED)),
        *((time_s, unit, False) for time_s, unit, _ in _events(record, EventKind.GOES_ON)),
    ]
    for time_s, unit, is_stop in sorted(happened):
        if is_stop:
            since_s[unit] = time_s
        elif time_s < END_S:
            assert time_s >= since_s[unit] + OPTIONS.try_after_s - 1e-6


def test_all_are_back_soon_after(record: RunRecord) -> None:
    last_stop = {unit: time_s for time_s, unit, _ in _events(record, EventKind.STOPPED)}
    last_back = {unit: time_s for time_s, unit, _ in _events(record, EventKind.GOES_ON)}
    for unit, time_s in last_stop.items():
        assert time_s < last_back[unit] < END_S + OPTIONS.try_after_s + OPTIONS.block_after_s
    assert record.contacts == 0


def test_slow_units_are_soon_left_alone(tmp_path: Path) -> None:
    """At a fifth of its speed a unit takes up to 20 s for a step. That is found out by doubling."""
    faults = "".join(
        f'[[fault]]\nkind = "slow"\nunit = {unit}\nat = 10\nminutes = 8.5\nfactor = 0.2\n'
        for unit in SLOW_UNITS
    )
    record = _run(faults, 0, tmp_path)
    most = math.ceil(math.log2(OPTIONS.try_after_s / OPTIONS.block_after_s))
    led_around = [unit for _, unit, _ in _events(record, EventKind.STOPPED)]
    assert led_around
    assert set(led_around) <= set(SLOW_UNITS)
    assert max(led_around.count(unit) for unit in SLOW_UNITS) <= most
    assert record.contacts == 0

"""Changed floors: one thing is different, nothing is broken, and they can be saved."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from layouts import PICK_STATIONS, CellKind, Layout, StationKind, load, save
from layouts.changes import (
    MOST_STORAGE,
    Change,
    add_station,
    drop_station,
    lift_one_way_rules,
    open_aisles,
)
from layouts.directions import one_way_moves
from layouts.layout import AISLE_KINDS
from layouts.lint import lint
from layouts.lint.finding import Severity

SMALL = ["teaching", "demo", "sortation"]
KINDS = {"sortation": (StationKind.INDUCT,)}


def _kinds(name: str) -> tuple[StationKind, ...]:
    return KINDS.get(name, tuple(PICK_STATIONS))


def _waits(layout: Layout, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(layout.n_cells)


@cache
def _added(name: str) -> Change | None:
    return add_station(load(name), _kinds(name))


@cache
def _dropped(name: str) -> Change | None:
    return drop_station(load(name), _kinds(name))


@cache
def _changes(name: str) -> list[Change]:
    layout = load(name)
    found = [_added(name), _dropped(name), lift_one_way_rules(layout)]
    return [change for change in found if change] + open_aisles(layout, _waits(layout), 2)


def _faults(layout: Layout) -> set[tuple[str, str]]:
    return {(one.code, one.text) for one in lint(layout) if one.severity is Severity.FAULT}


@pytest.mark.parametrize("name", SMALL)
def test_no_change_breaks_a_floor(name: str, tmp_path: Path) -> None:
    """And each is read back as it was saved, with its name."""
    before = load(name)
    changes = _changes(name)
    assert changes
    assert len({change.name for change in changes}) == len(changes)
    for change in changes:
        assert _faults(change.layout) <= _faults(before), change.words
        path = tmp_path / f"{change.name}.toml"
        save(change.layout, path)
        back = load(path)
        for key in ("kinds", "exits", "edge_costs"):
            assert np.array_equal(getattr(back, key), getattr(change.layout, key)), change.words
        assert back.stations == change.layout.stations, change.words


@pytest.mark.parametrize("name", SMALL)
def test_one_station_more_is_a_copy_of_another(name: str) -> None:
    before = load(name)
    change = _added(name)
    if change is None:
        return
    *old, new = change.layout.stations
    assert tuple(old) == before.stations
    assert new.name not in {station.name for station in old}
    alike = [one for one in old if one.kind is new.kind and len(one.queue) == len(new.queue)]
    assert any(one.facing == new.facing for one in alike)
    # Only cells where nobody drove have become anything else.
    other = np.flatnonzero(change.layout.kinds != before.kinds)
    assert {new.cell, *new.queue} <= set(other.tolist())
    assert not before.driveable[other].any()
    assert f"one more {new.kind} station at " in change.words


def test_a_floor_without_room_gets_no_station() -> None:
    """Nothing but floor beside the stations, where nobody would stand."""
    floor = load("teaching")
    kinds = np.array(floor.kinds)
    kinds[kinds == CellKind.OBSTACLE] = CellKind.FLOOR
    open_floor = replace(floor, kinds=kinds, exits=np.array(floor.exits), source="")
    assert add_station(open_floor, PICK_STATIONS) is None


@pytest.mark.parametrize("name", SMALL)
def test_one_station_fewer_leaves_the_others(name: str) -> None:
    before = load(name)
    change = _dropped(name)
    assert change is not None
    (gone,) = set(before.stations) - set(change.layout.stations)
    assert len(change.layout.stations) == len(before.stations) - 1
    cells = [gone.cell, *gone.queue]
    assert (change.layout.kinds[cells] == CellKind.OBSTACLE).all()
    assert gone.name in change.words


def test_the_only_station_stays() -> None:
    floor = load("teaching")
    (first, *others) = floor.stations
    kinds = np.array(floor.kinds)
    for station in others:
        kinds[[station.cell, *station.queue]] = CellKind.OBSTACLE
    alone = replace(floor, kinds=kinds, stations=(first,), source="")
    assert drop_station(alone, PICK_STATIONS) is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["teaching", "demo"])
def test_aisles_take_storage_and_nothing_else(name: str, seed: int) -> None:
    before = load(name)
    n_storage = len(before.cells_of(CellKind.STORAGE))
    changes = open_aisles(before, _waits(before, seed), 3)
    assert 1 <= len(changes) <= 3
    for change in changes:
        other = np.flatnonzero(change.layout.kinds != before.kinds)
        assert (before.kinds[other] == CellKind.STORAGE).all()
        assert (change.layout.kinds[other] == CellKind.FLOOR).all()
        assert 0 < len(other) <= MOST_STORAGE * n_storage
        rows, cols = np.divmod(other, before.n_cols)
        assert len(set(rows.tolist())) == 1 or len(set(cols.tolist())) == 1
        assert change.layout.exits[other].all(), "drives both ways, and to the pods beside it"
        assert change.layout.stations == before.stations


def test_the_aisle_is_opened_where_units_wait() -> None:
    floor = load("demo")
    found = set()
    for row in range(4, floor.n_rows - 4, 6):
        waits = np.zeros((floor.n_rows, floor.n_cols))
        waits[row] = 100.0
        changes = open_aisles(floor, waits.ravel(), 1)
        assert len(changes) == 1
        rows = np.flatnonzero(changes[0].layout.kinds != floor.kinds) // floor.n_cols
        is_row = len(set(rows.tolist())) == 1
        assert not is_row or abs(int(rows[0]) - row) <= 3 or not found
        found.add(changes[0].name)
    assert len(found) > 1, "always the same aisle, wherever units wait"


def test_no_aisle_where_none_is_asked_for() -> None:
    assert open_aisles(load("teaching"), _waits(load("teaching")), 0) == []


@pytest.mark.parametrize("name", [*SMALL, "one-way"])
def test_one_way_rules_are_lifted_on_aisles_alone(name: str) -> None:
    before = load(name)
    change = lift_one_way_rules(before)
    is_aisle = np.isin(before.kinds, AISLE_KINDS)
    one_way, beside = one_way_moves(before), before.neighbours
    heads = np.where(beside >= 0, is_aisle[beside], False)
    on_aisles = int((one_way & is_aisle[:, None] & heads).sum())
    if change is None:
        assert on_aisles == 0 or name != "one-way"
        return
    after = one_way_moves(change.layout)
    assert not (after & is_aisle[:, None] & heads).any()
    assert (change.layout.exits >= before.exits).all(), "nothing is forbidden that was allowed"
    assert np.array_equal(change.layout.kinds, before.kinds)
    assert f"{on_aisles:,} one-way moves" in change.words
    assert lift_one_way_rules(change.layout) is None


def test_the_same_floor_and_waiting_give_the_same_changes() -> None:
    one, two = _changes("teaching"), _changes.__wrapped__("teaching")
    assert [change.words for change in one] == [change.words for change in two]
    for first, second in zip(one, two, strict=True):
        assert np.array_equal(first.layout.kinds, second.layout.kinds)
        assert np.array_equal(first.layout.exits, second.layout.exits)

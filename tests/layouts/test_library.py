"""The ready floors: small to large, described, and safe to run with the units they recommend."""

from __future__ import annotations

import pickle
from dataclasses import fields

import numpy as np
import pytest

from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from layouts import CellKind, StationKind, library_names, load

FLOORS = [load(name) for name in library_names()]
MINUTES = 3


def test_there_are_floors_for_every_purpose() -> None:
    kinds = [{station.kind for station in floor.stations} for floor in FLOORS]
    units = [floor.recommended_units for floor in FLOORS]
    assert len(FLOORS) >= 6
    assert min(units) == 20
    assert 900 <= max(units) <= 1100
    assert sum({StationKind.INDUCT, StationKind.EJECT} == found for found in kinds) >= 2
    assert any({StationKind.PICK, StationKind.STOW} == found for found in kinds)
    assert any(len(floor.cells_of(CellKind.CHARGER)) for floor in FLOORS)
    assert len({floor.description for floor in FLOORS} - {""}) == len(FLOORS)


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: floor.name)
def test_a_pickled_floor_is_the_same_and_as_immutable(floor) -> None:
    copy = pickle.loads(pickle.dumps(floor))
    for part in fields(floor):
        value, copied = getattr(floor, part.name), getattr(copy, part.name)
        assert type(value) is type(copied)
        if isinstance(value, np.ndarray):
            assert np.array_equal(value, copied)
            assert not copied.flags.writeable
        else:
            assert value == copied


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: floor.name)
def test_stations_have_queues_and_a_way_out(floor) -> None:
    for station in floor.stations:
        if station.kind is not StationKind.EJECT:
            assert len(station.queue) >= 3, station.name
        assert (floor.neighbours[station.cell] >= 0).any(), station.name


@pytest.mark.parametrize("name", library_names())
def test_the_recommended_fleet_runs_without_a_contact(name: str) -> None:
    record = Simulation(Scenario(layout=name, hours=MINUTES / 60, seed=1)).run()
    assert (record.contacts, record.conflicts) == (0, 0)
    assert record.n_units == load(name).recommended_units
    assert np.median(record.cells_driven) > 0

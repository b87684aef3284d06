"""Orders sized to a floor, and a backlog that leaves the other orders alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gridfleet.demand import DemandError, Sizing, SyntheticDemand, demand_for, make_orders
from layouts import CellKind, Layout, Station, StationKind, open_layout


def floor(*station_kinds: StationKind) -> Layout:
    kinds = np.full((10, 20), CellKind.FLOOR, dtype=np.int8)
    kinds[2:8:3, 2:18] = CellKind.STORAGE
    stations = tuple(Station(f"S{i}", kind, i) for i, kind in enumerate(station_kinds))
    return open_layout("test", kinds, stations=stations)


def test_orders_follow_pick_stations_and_leave_the_rest_of_base() -> None:
    base = SyntheticDemand(hours=3.0, start_hour=20.5, zipf=1.1)
    layout = floor(StationKind.PICK, StationKind.PICK, StationKind.STOW)
    demand = demand_for(layout, base, Sizing(orders_per_station_hour=45.0))
    assert demand.orders_per_hour == 2 * 45.0
    assert replace(demand, orders_per_hour=1, n_skus=1) == replace(
        base, orders_per_hour=1, n_skus=1
    )


def test_skus_follow_storage() -> None:
    demand = demand_for(floor(StationKind.PICK))
    assert demand.n_skus == round(0.85 * 32) * 20 // 4
    assert demand.backlog_hours == 0.5


def test_backlog_waits_at_time_0_and_moves_nothing_else() -> None:
    """No arrival, and not what order k is, though it comes earlier."""
    base = SyntheticDemand(hours=2.0, n_skus=50, return_share=0.2)
    plain, _ = make_orders(base, 4)
    full, summary = make_orders(replace(base, backlog_hours=0.5), 4)
    n_waiting = full.n_orders - plain.n_orders
    assert n_waiting == pytest.approx(0.5 * 300, rel=0.25)
    assert not full.placed_s[:n_waiting].any()
    assert np.array_equal(full.placed_s[n_waiting:], plain.placed_s)
    assert np.array_equal(full.line_order[: plain.n_lines], plain.line_order)
    assert np.array_equal(full.line_sku[: plain.n_lines], plain.line_sku)
    assert np.array_equal(full.line_quantity[: plain.n_lines], plain.line_quantity)
    assert summary.n_orders == full.n_orders


def test_floors_that_cannot_be_sized_by() -> None:
    with pytest.raises(DemandError, match="no pick or workstation station; add one") as caught:
        demand_for(open_layout("bare", np.full((3, 3), CellKind.FLOOR, dtype=np.int8)))
    assert caught.value.n_faults == 2


@pytest.mark.parametrize("name", ["orders_per_station_hour", "compartments_per_sku"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_sizing_is_named(name: str, value: float) -> None:
    with pytest.raises(DemandError, match=f"sizing: {name} is {value}; give more than 0"):
        Sizing(**{name: value})


def test_bad_backlog_is_named() -> None:
    with pytest.raises(DemandError, match=r"backlog_hours is -1\.0; give 0 or more"):
        SyntheticDemand(backlog_hours=-1.0)

"""A real morning on a small floor: wholesale orders, returns, lines split over many pods."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from work_fakes import PICK, STOW, InstantFleet, make_floor, rows_of

from fleet_control.events import EventKind, EventLog
from fleet_control.work.fulfilment import FulfilmentWork
from gridfleet.demand import OrderFile, Placement, place_stock, read_orders

WEEK = Path(__file__).parents[3] / "shared" / "data" / "online_retail_week.csv"


@pytest.mark.parametrize("margin", [1.2, 0.5])
def test_a_real_morning_is_picked_and_stowed_to_the_last_unit(margin: float) -> None:
    if not WEEK.is_file():
        pytest.skip(f"order data not present at {WEEK.parent}")
    layout = make_floor([PICK, PICK, PICK, STOW], [3, 3, 3, 3], n_rows=60)
    book, summary = read_orders(OrderFile(WEEK, preset="online-retail", hours=3.0))
    stock = place_stock(layout, book, Placement(margin=margin, min_lines=0), 1).inventory()
    log = EventLog()
    work = FulfilmentWork(layout, book, stock, 30, log)
    fleet = InstantFleet(work, layout, book, stock, 30, np.random.default_rng(1))
    fleet.run_dry()
    stock.check()
    short = rows_of(log, EventKind.LINE_SHORT)["value"].sum()
    assert (short > 0) == (margin < 1)
    assert stock.n_picked + short == summary.n_units_picked
    assert stock.n_returned == summary.n_units_returned
    assert work.orders_done == summary.n_orders
    times_s = work.station_times(fleet.now_s)
    assert np.allclose(times_s.sum(axis=1), fleet.now_s, rtol=0, atol=1e-6)

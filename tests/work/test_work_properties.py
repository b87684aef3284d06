"""Over seeded random floors, stock and orders: nothing is lost, done twice or left standing."""

from __future__ import annotations

import numpy as np
import pytest
from work_fakes import CYCLE_S, make_case, rows_of

from fleet_control.events import EventKind

SEEDS = range(40)


@pytest.fixture(params=SEEDS, ids=lambda seed: f"seed{seed}")
def finished(request: pytest.FixtureRequest):
    """A case that has run until all is done; the fleet checks errands and jobs on the way."""
    fleet, log = make_case(request.param)
    fleet.run_dry()
    return fleet, log


def test_every_order_is_done_once_and_every_line_done_or_short(finished):
    fleet, log = finished
    done = rows_of(log, EventKind.ORDER_DONE)
    assert sorted(done["order"].tolist()) == list(range(fleet.book.n_orders))
    assert np.allclose(done["value"], done["time_s"] - fleet.book.placed_s[done["order"]])
    covered = np.zeros(fleet.book.n_lines)
    for kind, sign in (
        (EventKind.LINE_DONE, 1),
        (EventKind.RETURN_DONE, -1),
        (EventKind.LINE_SHORT, 1),
    ):
        rows = rows_of(log, kind)
        assert len(np.unique(rows["line"])) == len(rows["line"])
        covered[rows["line"]] += sign * rows["value"]
    assert np.array_equal(covered, fleet.book.line_quantity)


def test_every_line_is_handled_at_the_station_of_its_order(finished):
    fleet, log = finished
    assigned = rows_of(log, EventKind.ORDER_ASSIGNED)
    assert sorted(assigned["order"].tolist()) == list(range(fleet.book.n_orders))
    station = dict(zip(assigned["order"].tolist(), assigned["station"].tolist(), strict=True))
    for kind in (EventKind.LINE_DONE, EventKind.RETURN_DONE, EventKind.ORDER_DONE):
        rows = rows_of(log, kind)
        assert [station[o] for o in rows["order"].tolist()] == rows["station"].tolist()


def test_shorts_only_where_stock_could_not_cover(finished):
    """A SKU that was short once had all its units promised then, so more were asked for than were
    ever there at the start."""
    fleet, log = finished
    short = rows_of(log, EventKind.LINE_SHORT)
    for sku in np.unique(fleet.book.line_sku[short["line"]]):
        asked = fleet.book.line_quantity[fleet.book.line_sku == sku]
        assert asked[asked > 0].sum() > fleet.stock_at_start[int(sku)]


def test_stock_is_conserved(finished):
    fleet, log = finished
    fleet.stock.check()
    for (pod, sku), units in fleet.on_pod.items():
        assert fleet.stock.skus_on(pod).get(sku, 0) == units
    assert fleet.stock.n_picked == rows_of(log, EventKind.LINE_DONE)["value"].sum()
    assert fleet.stock.n_returned == rows_of(log, EventKind.RETURN_DONE)["value"].sum()


def test_every_task_once_and_every_pod_back(finished):
    fleet, log = finished
    opened, begun, done = (
        rows_of(log, kind)["task"].tolist()
        for kind in (EventKind.TASK_OPENED, EventKind.TASK_ASSIGNED, EventKind.TASK_DONE)
    )
    assert opened == sorted(begun) == sorted(done) == list(range(len(opened)))
    assert fleet.work.tasks_done == len(opened)
    assert {pod: cell for cell, pod in fleet.pod_at.items()} == dict(
        enumerate(fleet.stock.pod_cells.tolist())
    )
    lifts, stores = (rows_of(log, k)["pod"] for k in (EventKind.POD_LIFTED, EventKind.POD_STORED))
    assert np.array_equal(np.sort(lifts), np.sort(stores))
    started, ended = (rows_of(log, k) for k in (EventKind.ERRAND_STARTED, EventKind.ERRAND_DONE))
    assert len(started["task"]) == len(ended["task"]) >= 3 * len(opened)


def test_presented_pods_are_served_and_lines_add_up(finished):
    fleet, log = finished
    served, presented = (rows_of(log, k) for k in (EventKind.POD_SERVED, EventKind.POD_PRESENTED))
    assert len(served["pod"]) == len(presented["pod"])
    assert (served["value"] > 0).all()
    assert served["value"].sum() >= fleet.work.lines_done


def test_counters_agree_with_the_log(finished):
    fleet, log = finished
    picked, put = (rows_of(log, k) for k in (EventKind.LINE_DONE, EventKind.RETURN_DONE))
    assert fleet.work.lines_done == len(picked["line"]) + len(put["line"])
    assert fleet.work.units_done == picked["value"].sum() + put["value"].sum()
    assert fleet.work.units_short == rows_of(log, EventKind.LINE_SHORT)["value"].sum()


def test_station_times_sum_to_elapsed(finished):
    fleet, _ = finished
    times_s = fleet.work.station_times(fleet.now_s)
    assert times_s.shape == (len(fleet.layout.stations), 4)
    assert (times_s >= 0).all()
    assert np.allclose(times_s.sum(axis=1), fleet.now_s, rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_half_way_station_times_sum_and_asking_changes_nothing(seed):
    fleet, _ = make_case(seed)
    for _ in range(200):
        fleet.cycle()
        first, second = (fleet.work.station_times(fleet.now_s + 0.1) for _ in range(2))
        assert np.array_equal(first, second)
        assert np.allclose(first.sum(axis=1), fleet.now_s + 0.1, rtol=0, atol=1e-9)
        assert fleet.now_s > CYCLE_S / 2


@pytest.mark.parametrize("seed", range(3))
def test_same_inputs_same_log(seed):
    logs = []
    for _ in range(2):
        fleet, log = make_case(seed)
        fleet.run_dry()
        logs.append(log.columns())
    assert all(np.array_equal(logs[0][name], logs[1][name]) for name in logs[0])


def test_slots_are_used_to_the_full():
    """The bound of departed units is checked on every errand; here, that it is also reached."""
    reached = 0
    for seed in SEEDS:
        fleet, _ = make_case(seed)
        fleet.run_dry()
        reached += fleet.most_departed == max(fleet.n_slots)
    assert reached > len(SEEDS) // 3

"""Stock covers the orders, pods stand where they can be fetched, and a seed says it all."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.work.orders import OrderBook
from gridfleet.demand import (
    DemandError,
    Placement,
    StockPlan,
    SyntheticDemand,
    make_orders,
    place_stock,
)
from gridfleet.demand.placement import share_compartments, usable_storage
from layouts import CellKind, Layout, Station, StationKind
from layouts.layout import open_layout


def floor(n_stations: int = 1) -> Layout:
    """Twin rows of storage between aisles, stations along the top."""
    kinds = np.full((20, 20), CellKind.FLOOR, dtype=np.int8)
    for row in range(4, 19, 3):
        kinds[row : row + 2, 2:18] = CellKind.STORAGE
    stations = [Station(f"P{i}", StationKind.PICK, 3 + 2 * i) for i in range(n_stations)]
    return open_layout("test floor", kinds, stations=tuple(stations))


def some_orders(n_skus: int = 100) -> OrderBook:
    return make_orders(SyntheticDemand(hours=2.0, n_skus=n_skus, zipf=1.0), 1)[0]


def by_sku(plan: StockPlan) -> np.ndarray:
    return np.bincount(plan.stock_skus, plan.stock_units, minlength=plan.n_skus)


@pytest.mark.parametrize("margin", [1.0, 1.2, 3.0])
@pytest.mark.parametrize("n_skus", [3, 100, 9_000])
def test_stock_covers_the_orders(n_skus: int, margin: float) -> None:
    book = some_orders(n_skus)
    plan = place_stock(floor(), book, Placement(margin=margin, min_lines=0), 1)
    picks = book.line_quantity > 0
    wanted = np.bincount(book.line_sku[picks], book.line_quantity[picks], minlength=n_skus)
    assert np.array_equal(by_sku(plan), np.ceil(margin * wanted))
    plan.inventory().check()


def test_every_sku_has_a_compartment_and_no_pod_one_twice() -> None:
    plan = place_stock(floor(), some_orders(), Placement(), 1)
    assert set(plan.stock_skus.tolist()) == set(range(100))
    pairs = plan.stock_pods.astype(np.int64) * plan.n_skus + plan.stock_skus
    assert len(np.unique(pairs)) == len(pairs)
    per_pod = np.bincount(plan.stock_pods, minlength=plan.n_pods)
    assert per_pod.max() - per_pod.min() <= 1
    assert per_pod.max() <= 20
    assert plan.stock_units.min() >= 5


def test_popular_skus_are_on_more_pods() -> None:
    copies = share_compartments(np.array([100, 25, 4, 1, 0]), n_pods=50, skus_per_pod=2)
    assert copies.tolist() == [50, 27, 11, 6, 1]  # of 95 to share; the first is on every pod


def test_catalogue_beyond_all_compartments_still_fits() -> None:
    plan = place_stock(floor(), some_orders(9_000), Placement(skus_per_pod=2), 1)
    assert len(plan.stock_skus) == 9_000


def test_fill_and_places() -> None:
    layout = floor()
    plan = place_stock(layout, some_orders(), Placement(fill=0.5), 1)
    assert plan.n_pods == 80
    assert len(np.unique(plan.pod_cells)) == 80
    assert (layout.kinds[plan.pod_cells] == CellKind.STORAGE).all()
    full = place_stock(layout, some_orders(), Placement(fill=1.0), 1)
    assert np.array_equal(np.sort(full.pod_cells), full.storage_cells)
    assert place_stock(layout, some_orders(), Placement(fill=1e-6), 1).n_pods == 1


def test_popular_pods_stand_near_the_station() -> None:
    layout, book = floor(), some_orders()
    lines = np.bincount(book.line_sku[book.line_quantity > 0], minlength=100)

    def correlation(pods: str) -> float:
        plan = place_stock(layout, book, Placement(pods=pods, skus_per_pod=3), 1)
        copies = np.bincount(plan.stock_skus, minlength=100)
        wants = np.bincount(plan.stock_pods, (lines / copies)[plan.stock_skus], plan.n_pods)
        rows, cols = np.divmod(plan.pod_cells, 20)
        distances = rows + np.abs(cols - 3)
        return float(np.corrcoef(wants.argsort().argsort(), distances)[0, 1])

    assert correlation("popular-near") < -0.9
    assert abs(correlation("random")) < 0.3


def test_same_seed_same_plan() -> None:
    plans = [place_stock(floor(), some_orders(), Placement(), seed) for seed in (1, 1, 2)]
    for name in ("pod_cells", "stock_pods", "stock_skus", "stock_units"):
        assert np.array_equal(getattr(plans[0], name), getattr(plans[1], name))
    assert not np.array_equal(plans[0].pod_cells, plans[2].pod_cells)


def test_pods_hold_the_same_on_any_floor_with_as_many_pods() -> None:
    wide = open_layout("wide", np.pad(floor().kinds.reshape(20, 20), ((0, 5), (0, 9))))
    one, other = (place_stock(at, some_orders(), Placement(), 1) for at in (floor(), wide))
    assert one.n_pods == other.n_pods
    for name in ("stock_pods", "stock_skus", "stock_units"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_storage_taken_away_in_one_place_moves_few_pods_elsewhere() -> None:
    kinds = floor().kinds.reshape(20, 20).copy()
    kinds[4:6, 2:5] = CellKind.FLOOR
    less = open_layout("less", kinds)
    one, other = (
        set(place_stock(at, some_orders(), Placement(), 1).pod_cells.tolist())
        for at in (floor(), less)
    )
    assert len(one - other) <= 6 + 1
    assert len(other - one) <= 1


def test_one_sku_more_leaves_the_others_nearly_in_their_turn() -> None:
    plans = [
        place_stock(floor(), some_orders(n), Placement(skus_per_pod=1, min_lines=0), 1)
        for n in (200, 201)
    ]
    turns = [list(dict.fromkeys(plan.stock_skus.tolist())) for plan in plans]
    assert [sku for sku in turns[1] if sku != 200] == turns[0]


def test_floor_without_stations_places_at_random() -> None:
    plan = place_stock(floor(n_stations=0), some_orders(), Placement(), 1)
    assert len(np.unique(plan.pod_cells)) == plan.n_pods


def test_storage_behind_storage_stays_empty() -> None:
    kinds = np.full((7, 7), CellKind.FLOOR, dtype=np.int8)
    kinds[1:6, 1:6] = CellKind.STORAGE
    layout = open_layout("block", kinds)
    assert len(usable_storage(layout)) == 16
    plan = place_stock(layout, some_orders(), Placement(fill=1.0), 1)
    assert plan.n_unusable == 9
    assert not np.isin(plan.pod_cells, [layout.cell(3, 3), layout.cell(2, 2)]).any()
    assert plan.sentences()[1].startswith("9 storage cells stay empty")


def test_one_way_storage_stays_empty() -> None:
    kinds = np.full((3, 3), CellKind.FLOOR, dtype=np.int8)
    kinds[1, 1] = CellKind.STORAGE
    exits = np.ones((9, 4), dtype=bool)
    costs = np.zeros((9, 4), dtype=np.float32)
    exits[4] = False  # in, never out
    assert not len(usable_storage(Layout("in", 3, 3, kinds.reshape(-1), exits, costs)))
    exits = np.zeros((9, 4), dtype=bool)
    exits[4] = True  # out, never in
    assert not len(usable_storage(Layout("out", 3, 3, kinds.reshape(-1), exits, costs)))


def test_no_orders_no_stock() -> None:
    book = OrderBook(np.empty(0), np.empty(0), (), *[np.empty(0, dtype=np.int32)] * 3, ())
    plan = place_stock(floor(), book, Placement(), 1)
    assert len(plan.stock_pods) == 0
    plan.inventory().check()


def test_floor_without_storage_is_an_error() -> None:
    layout = open_layout("bare", np.full((3, 3), CellKind.FLOOR, dtype=np.int8))
    with pytest.raises(DemandError, match="draw storage cells next to floor cells"):
        place_stock(layout, some_orders(), Placement(), 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fill": 0.0}, "fill is 0.0; give a share above 0 and at most 1"),
        ({"fill": 1.01}, "fill is 1.01"),
        ({"skus_per_pod": 0}, "skus_per_pod is 0; give at least 1"),
        ({"margin": -1.0}, "margin is -1.0; give 0 to 1000"),
        ({"margin": float("nan")}, "margin is nan"),
        ({"min_lines": -1}, "min_lines is -1; give 0 to 1000"),
        ({"pods": "nearest"}, 'pods is "nearest"; give one of popular-near, random'),
    ],
)
def test_bad_figures_are_named(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(DemandError, match="placement: ") as caught:
        Placement(**wrong)  # type: ignore[arg-type]
    assert said in str(caught.value)

"""Stock in two steps of setting aside, conserved; pods and storage cells one state each."""

from __future__ import annotations

import numpy as np
import pytest
from work_fakes import ints

from fleet_control.errors import InvariantError
from fleet_control.work.inventory import CARRIED, Inventory, InventoryError


def make(**change):
    """Pod 0: SKU 0 x 5; pod 1: SKU 0 x 3 in two rows, SKU 2 x 2; pod 2: nothing. SKU 1 nowhere."""
    parts = {
        "n_pods": 3,
        "n_skus": 3,
        "stock_pods": ints(0, 1, 1, 1),
        "stock_skus": ints(0, 0, 0, 2),
        "stock_units": ints(5, 1, 2, 2),
        "pod_cells": ints(14, 10, 12),
        "storage_cells": ints(10, 11, 12, 13, 14),
    }
    return Inventory(**{**parts, **change})


def test_look_ups_both_ways():
    stock = make()
    assert dict(stock.skus_on(1)) == {0: 3, 2: 2}
    assert dict(stock.free_pods(0)) == {0: 5, 1: 3}
    assert stock.pods_with_compartment(0) == (0, 1)
    assert stock.stock(0) == 8
    assert stock.stock(1) == 0
    assert stock.pod_units.tolist() == [5, 5, 0]


def test_promises_stop_at_the_stock_and_reservations_at_the_pod():
    stock = make()
    assert stock.promise(0, 6) == 6
    assert stock.promise(0, 6) == 2
    assert stock.promise(1, 1) == 0
    assert stock.unpromised(0) == 0
    assert stock.reserve(1, 0, 2) == 2
    assert stock.reserve(1, 0, 2) == 1
    assert stock.reserve(1, 0, 2) == 0
    assert dict(stock.free_pods(0)) == {0: 5}
    assert dict(stock.skus_on(1)) == {0: 3, 2: 2}
    stock.pick(1, 0, 3)
    assert dict(stock.skus_on(1)) == {0: 0, 2: 2}
    assert stock.pods_with_compartment(0) == (0, 1)
    stock.check()


def test_returns_can_be_promised_and_new_skus_go_to_the_emptiest_pod():
    stock = make()
    assert stock.give_compartment(1) == 2
    assert dict(stock.skus_on(2)) == {1: 0}
    assert dict(stock.free_pods(1)) == {}
    stock.put(2, 1, 4)
    assert dict(stock.free_pods(1)) == {2: 4}
    assert stock.promise(1, 9) == 4
    assert stock.n_returned == 4
    stock.check()


@pytest.mark.parametrize("seed", range(20))
def test_conservation_over_random_operations(seed):
    rng = np.random.default_rng(seed)
    stock, held = make(), {}
    for _ in range(300):
        pod, sku, units = int(rng.integers(3)), int(rng.integers(3)), int(rng.integers(1, 5))
        action = rng.integers(3)
        if action == 0:
            stock.put(pod, sku, units)
        elif action == 1:
            covered = stock.promise(sku, units)
            for each in range(3):
                got = stock.reserve(each, sku, covered)
                held[each, sku] = held.get((each, sku), 0) + got
                covered -= got
            assert covered == 0, f"seed {seed}: promised units were on no pod"
        elif held.get((pod, sku), 0):
            stock.pick(pod, sku, held.pop((pod, sku)))
        stock.check()
    on_pods = sum(sum(stock.skus_on(pod).values()) for pod in range(3))
    assert 10 + stock.n_returned == stock.n_picked + on_pods


def test_check_notices_a_lost_and_an_invented_unit():
    stock = make()
    stock.n_picked += 1
    with pytest.raises(InvariantError, match="not conserved: 10 units at the start"):
        stock.check()
    stock = make()
    stock.pick(1, 2, 1)  # never reserved: the same unit is still free for others
    stock.pick(1, 2, 1)
    with pytest.raises(InvariantError, match="pod 1 has 0 units of SKU 2, 2 of them free"):
        stock.check()


def test_a_pod_on_its_way_and_the_cells_it_leaves_and_takes():
    stock = make()
    assert stock.free_cells().tolist() == [11, 13]
    stock.lift(0)
    assert stock.pod_cells[0] == CARRIED
    assert stock.free_cells().tolist() == [11, 13], "the unit still stands on 14"
    stock.vacate(14)
    assert stock.free_cells().tolist() == [11, 13, 14]
    stock.hold(11)
    assert 11 not in stock.free_cells()
    stock.lower(0, 11)
    assert stock.pod_cells.tolist() == [11, 10, 12]
    assert stock.home_cells.tolist() == [14, 10, 12]
    assert stock.free_cells().tolist() == [13, 14]
    assert 99 not in stock.free_cells()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.hold(10), "storage cell 10 is taken, not free"),
        (lambda s: s.vacate(11), "storage cell 11 is free, not held"),
        (lambda s: s.lower(0, 13), "storage cell 13 is free, not held"),
        (lambda s: s.hold(99), "cell 99 is not a storage cell"),
        (lambda s: (s.lift(0), s.lift(0)), "pod 0 is carried already"),
    ],
)
def test_cells_and_pods_in_the_wrong_state_are_refused(call, message):
    with pytest.raises(InventoryError, match=message):
        call(make())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stock_pods": ints(0, 1, 1)}, "differ in length: 3 pods"),
        ({"stock_pods": ints(0, 1, 1, 3)}, r"stock_pods\[3\] is 3: expected 0 to 2"),
        ({"stock_skus": ints(0, -1, 1, 1)}, r"stock_skus\[1\] is -1"),
        ({"stock_units": ints(0, 1, 1, -4)}, r"stock_units\[3\] is -4"),
        ({"pod_cells": ints(10, 11)}, r"shape \(2,\) for 3 pods"),
        ({"pod_cells": ints(10, 11, 15)}, "cell 15, which is not a storage cell"),
        ({"pod_cells": ints(10, 12, 12)}, "two pods stand on cell 12"),
    ],
)
def test_impossible_stock_is_refused(change, message):
    with pytest.raises(InventoryError, match=message):
        make(**change)

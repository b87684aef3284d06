"""Counts of lines per pod against counting them afresh, and what a pod takes."""

from __future__ import annotations

import numpy as np
import pytest
from work_fakes import PICK, make_floor, make_stock

from fleet_control.work.lines import WaitingLines

FLOOR = make_floor([PICK, PICK], [0, 0])


def test_a_pod_takes_oldest_lines_first_and_the_rest_waits():
    stock = make_stock(FLOOR, [(0, 0, 5), (1, 0, 9), (0, 1, 2)], 2, 2)
    waiting = WaitingLines(2, stock)
    assert stock.promise(0, 12) == 12
    waiting.add_pick(0, 10, 0, 3)
    waiting.add_pick(0, 11, 0, 4)
    waiting.add_pick(1, 12, 0, 5)
    waiting.add_put(0, 13, 1, 6)
    assert waiting.counts.tolist() == [[3, 2], [1, 1]]
    assert waiting.take(0, 0) == [(10, 3), (11, 2), (13, -6)]
    assert waiting.counts.tolist() == [[0, 1], [0, 1]]
    assert waiting.n_waiting == [1, 1]
    assert waiting.take(0, 0) == []
    assert waiting.take(0, 1) == [(11, 2)]
    assert waiting.take(1, 1) == [(12, 5)]
    assert not waiting.counts.any()


def test_a_return_of_a_new_sku_finds_a_compartment_and_then_serves_picks():
    stock = make_stock(FLOOR, [(0, 0, 5)], 2, 2)
    waiting = WaitingLines(2, stock)
    waiting.add_put(1, 0, 1, 2)
    assert waiting.counts.tolist() == [[0, 0], [0, 1]], "pod 1 has fewest units"
    assert waiting.take(1, 1) == [(0, -2)]
    waiting.put_in(1, 1, 2)
    assert stock.promise(1, 3) == 2
    waiting.add_pick(0, 1, 1, 2)
    assert waiting.counts.tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize("seed", range(20))
def test_counts_against_brute_force(seed):
    rng = np.random.default_rng(seed)
    n_pods, n_skus = 6, 5
    rows = [(int(p), int(s), int(u)) for p, s, u in rng.integers(0, 5, (12, 3))]
    stock = make_stock(FLOOR, rows, n_pods, n_skus)
    waiting = WaitingLines(2, stock)
    picks, puts = {}, {}
    for line in range(300):
        station, sku = int(rng.integers(2)), int(rng.integers(n_skus))
        action = rng.random()
        if action < 0.4:
            covered = stock.promise(sku, int(rng.integers(1, 6)))
            if covered:
                waiting.add_pick(station, line, sku, covered)
                picks[line] = [station, sku, covered]
        elif action < 0.6:
            waiting.add_put(station, line, sku, 2)
            puts[line] = (station, sku)
        else:
            pod = int(rng.integers(n_pods))
            for taken, units in waiting.take(station, pod):
                if units < 0:
                    waiting.put_in(pod, puts.pop(taken)[1], -units)
                else:
                    picks[taken][2] -= units
                    stock.pick(pod, picks[taken][1], units)
                    if not picks[taken][2]:
                        del picks[taken]
        counts = np.zeros((2, n_pods), dtype=int)
        for at, wanted, _ in picks.values():
            counts[at, list(stock.free_pods(wanted))] += 1
        for at, returned in puts.values():
            counts[at, list(stock.pods_with_compartment(returned))] += 1
        assert np.array_equal(waiting.counts, counts), f"seed {seed}, step {line}"
        at_stations = [at for at, *_ in [*picks.values(), *puts.values()]]
        assert waiting.n_waiting == [at_stations.count(0), at_stations.count(1)]
        stock.check()

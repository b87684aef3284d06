"""Each rule on a choice small enough to see the answer, and the look-up by name."""

from __future__ import annotations

import numpy as np
import pytest
from work_fakes import PICK, ints, make_book, make_floor, make_stock

from fleet_control.errors import FleetError
from fleet_control.work import rules

FLOOR = make_floor([PICK], [0])
N_COLS = 10


def order_choice(free_slots, waiting=(4, 2, 9), stations=(0, 1, 3)):
    stock = make_stock(FLOOR, [], 1, 1)
    return rules.OrderChoice(
        dict.fromkeys(waiting), stations, free_slots, make_book([], 0, 1), stock
    )


def pod_choice(lines, cells):
    stock = make_stock(FLOOR, [], 1, 1)
    return rules.PodChoice(0, 0, N_COLS, ints(*lines), ints(*cells), stock)


def test_oldest_goes_to_the_pick_station_with_most_free_slots():
    assert rules.oldest(order_choice([1, 3, 9, 3])) == (4, 1)
    assert rules.oldest(order_choice([0, 0, 9, 0])) is None


def test_returns_prefer_stow_stations_and_wait_for_them():
    def choice(free, stow=(2,)):
        return rules.ReturnChoice(dict.fromkeys((7, 8)), (0, 1), stow, free)

    assert rules.stow_first(choice([5, 5, 1])) == (7, 2)
    assert rules.stow_first(choice([5, 5, 0])) is None
    assert rules.stow_first(choice([4, 5, 0], stow=())) == (7, 1)
    assert rules.anywhere(choice([4, 5, 5])) == (7, 1)
    assert rules.anywhere(choice([0, 0, 1])) == (7, 2)


def test_most_lines_then_nearest_then_first():
    assert rules.most_lines(pod_choice([1, 3, 2], [1, 99, 2])) == 1
    assert rules.most_lines(pod_choice([3, 3, 1], [25, 31, 1])) == 1  # 2 + 5 cells, 3 + 1 cells
    assert rules.most_lines(pod_choice([2, 2, 2], [30, 12, 3])) == 0  # all three cells away
    assert rules.most_lines(pod_choice([0, 0, 0], [1, 2, 3])) == -1
    assert rules.most_lines(pod_choice([], [])) == -1


def test_nearest_and_home_storage():
    stock = make_stock(FLOOR, [], 2, 1)
    free = stock.free_cells()
    station_cell = FLOOR.stations[0].cell

    def choice(pod):
        return rules.StorageChoice(pod, station_cell, FLOOR.n_cols, stock.free_cells(), stock)

    distances = rules.manhattan(free, station_cell, FLOOR.n_cols)
    assert rules.nearest(choice(0)) == int(free[distances == distances.min()][0])
    assert rules.home(choice(0)) == rules.nearest(choice(0)), "pod 0 itself stands there"
    home = int(stock.pod_cells[0])
    stock.lift(0)
    stock.vacate(home)
    assert rules.home(choice(0)) == home
    stock.hold(home)
    assert rules.home(choice(0)) == rules.nearest(choice(0)) != home


def test_onward_to_most_lines_then_nearest_or_never():
    choice = rules.OnwardChoice(0, N_COLS, ints(1, 2, 4), ints(50, 20, 10), ints(3, 3, 1))
    assert rules.onward_to_most_lines(choice) == 2
    assert rules.never_onward(choice) == -1


@pytest.mark.parametrize("seed", range(10))
def test_most_lines_agrees_with_sorting(seed):
    rng = np.random.default_rng(seed)
    lines, cells = rng.integers(0, 4, 50), rng.permutation(100)[:50]
    keys = [
        (-n, abs(c // 10) + abs(c % 10), pod)
        for pod, (n, c) in enumerate(zip(lines, cells, strict=True))
    ]
    assert rules.most_lines(pod_choice(lines, cells)) == min(keys)[2], f"seed {seed}"


def test_manhattan_over_the_grid():
    assert rules.manhattan(ints(0, 9, 90, 55), 55, 10).tolist() == [10, 9, 9, 0]


def test_rules_are_found_by_name_and_near_names_suggested():
    assert rules.find_rule(rules.POD_RULES, "most_lines", "pod rule") is rules.most_lines
    with pytest.raises(
        rules.UnknownRuleError, match='no pod rule is called "most_line"; did you mean "most_lines"'
    ) as caught:
        rules.find_rule(rules.POD_RULES, "most_line", "pod rule")
    assert isinstance(caught.value, FleetError)
    with pytest.raises(FleetError, match="There are: nearest, home"):
        rules.find_rule(rules.STORAGE_RULES, "xyz", "storage rule")

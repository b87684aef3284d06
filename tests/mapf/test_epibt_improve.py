"""Improvement of plans: never a conflict, never worse, never better than the best there is."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from test_epibt import NO_RINGS, RINGS, Drive, floor_of

import fleet_control.mapf.epibt_improve as epibt_improve
from fleet_control.mapf.epibt_improve import Improver, weights_of
from fleet_control.mapf.grid import grid_of
from fleet_control.mapf.planner import PlannerOptions
from layouts import open_layout


class Watched(Improver):
    """Checks each plan before and after, by walks of its own."""

    n_gained = 0
    n_short = 0
    finds_best = False

    def improve(self, is_held, ranks, reach, table, ranked, counts, costs, used, chosen):  # type: ignore[no-untyped-def]
        def value(plan: np.ndarray) -> int:
            """Weighted costs; of equals the higher number is a little better."""
            each = costs[np.arange(len(plan)), plan].astype(np.int64) * costs.shape[1] - plan
            return int((weights_of(ranks) * each).sum())

        before, held = chosen.copy(), used.copy()
        gained = super().improve(is_held, ranks, reach, table, ranked, counts, costs, used, chosen)
        assert value(before) - value(chosen) == gained >= 0
        assert (chosen[is_held] == before[is_held]).all()
        paths = reach[np.arange(len(chosen))[:, None], table.nodes[chosen]]
        assert is_free_of_conflicts(paths, self._options.allow_cycles)
        assert (used >= 0).sum() == (held >= 0).sum() == paths.size
        assert (used[paths, np.arange(paths.shape[1])] == np.arange(len(paths))[:, None]).all()
        self.n_gained += gained > 0
        if self.finds_best:
            lists = [ranked[unit, : counts[unit]].tolist() for unit in range(len(chosen))]
            best = min(
                value(np.array(plan))
                for plan in product(*lists)
                if is_free_of_conflicts(
                    reach[np.arange(len(plan))[:, None], table.nodes[list(plan)]],
                    self._options.allow_cycles,
                )
            )
            assert best <= value(chosen)
            self.n_short += best < value(chosen)
        return gained


def is_free_of_conflicts(paths: np.ndarray, allow_cycles: bool) -> bool:
    """paths: int32[n_units, depth + 1], cells."""
    for time in range(1, paths.shape[1]):
        before, after = paths[:, time - 1].tolist(), paths[:, time].tolist()
        goes = {b: a for b, a in zip(before, after, strict=True) if a != b}
        if len(set(after)) < len(after) or any(goes.get(a) == b for b, a in goes.items()):
            return False
        while goes and not allow_cycles:
            start, cell = goes.popitem()
            while cell in goes:
                cell = goes.pop(cell)
            if cell == start:
                return False
    return True


def watched_drive(
    rows: int, cols: int, n_units: int, seed: int, options: PlannerOptions
) -> tuple[Drive, Watched]:
    rng = np.random.default_rng(seed)
    layout = open_layout("random", (rng.random((rows, cols)) > 0.15).astype(np.int8))
    drive = Drive(grid_of(layout), n_units, seed, options)
    drive.planner._improver = watched = Watched(drive.planner._grid, n_units, options)
    return drive, watched


@pytest.mark.parametrize("depth", [3, 4])
@pytest.mark.parametrize("options", [RINGS, NO_RINGS])
@pytest.mark.parametrize("seed", range(4))
def test_plans_get_better_and_stay_sound(seed: int, options: PlannerOptions, depth: int) -> None:
    options = replace(options, improvements=60, depth=depth)
    drive, watched = watched_drive(7, 8, 25, seed, options)
    drive.run(60)
    assert watched.n_gained > 20, f"seed {seed}"


@pytest.mark.parametrize("options", [RINGS, NO_RINGS])
@pytest.mark.parametrize("n_units", [2, 3, 4])
def test_no_better_than_the_best_and_mostly_as_good(n_units: int, options: PlannerOptions) -> None:
    """Against every joint choice of operations on a small floor. A chain pushes one unit at a
    time, so not every best plan can be found."""
    n_plans = n_short = 0
    for seed in range(3):
        chosen = replace(options, improvements=200, depth=2 if n_units == 4 else 3)
        drive, watched = watched_drive(3, 4, n_units, seed, chosen)
        watched.finds_best = True
        drive.run(12)
        n_plans, n_short = n_plans + 12, n_short + watched.n_short
    assert n_short <= 0.1 * n_plans, f"{n_short} of {n_plans} plans are not the best"


def test_the_same_number_of_chains_is_the_same_plan_with_and_without_a_clock() -> None:
    """A clock only cuts the search into pieces, as long as the search does not end by itself."""
    layout = floor_of(*["......."] * 6)
    options = replace(RINGS, improvements=49)
    drives = [
        Drive(grid_of(layout), 25, 7, chosen)
        for chosen in (options, options, replace(options, is_over=lambda: False))
    ]
    for _ in range(40):
        first, second, third = (drive.step() for drive in drives)
        assert (first == second).all()
        assert (first == third).all()


def test_the_search_ends_with_the_time_and_where_nothing_is_gained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    n_chains: list[int] = []
    real = epibt_improve.improve

    def counted(n: int, *rest: object) -> int:
        n_chains.append(n)
        return real(n, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(epibt_improve, "improve", counted)
    layout = floor_of(*["......."] * 6)
    over = replace(RINGS, improvements=1 << 60, is_over=lambda: bool(asked))
    drive = Drive(grid_of(layout), 20, 1, over)
    drive.step()
    assert 40 <= sum(n_chains) < 100_000
    n_chains.clear()
    asked.append(1)
    drive.step()
    assert not n_chains


@pytest.mark.parametrize("shape", [(6, 24), (24, 6)])
@pytest.mark.parametrize("seed", range(3))
def test_two_parts_of_a_floor_are_searched_as_soundly(
    seed: int, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epibt_improve, "PARTED_UNITS", 2)
    options = replace(RINGS, improvements=60)
    drive, watched = watched_drive(*shape, 45, seed, options)
    drive.run(60)
    assert len(watched._parts) == 2
    assert watched.n_gained > 20, f"seed {seed}"


def test_no_ring_can_lie_across_two_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epibt_improve, "PARTED_UNITS", 2)
    _, watched = watched_drive(6, 16, 30, 0, replace(NO_RINGS, improvements=60))
    assert len(watched._parts) == 1


def test_units_of_one_part_cannot_come_to_cells_of_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(epibt_improve, "PARTED_UNITS", 2)
    cells: list[set[int]] = []
    real = epibt_improve.improve

    def noted(n: int, looks: int, state: np.ndarray, roots: np.ndarray, *rest: object) -> int:
        reach = rest[2]
        assert isinstance(reach, np.ndarray)
        cells.append(set(reach[roots].ravel().tolist()) - {-1})
        return real(n, looks, state, roots, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(epibt_improve, "improve", noted)
    drive, watched = watched_drive(6, 24, 60, 3, replace(RINGS, improvements=60))
    watched._n_threads = 1
    for _ in range(30):
        cells.clear()
        drive.step()
        assert not set.intersection(*cells) or len(cells) < 2


def test_the_plan_is_the_same_on_one_and_two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epibt_improve, "PARTED_UNITS", 2)
    options = replace(RINGS, improvements=400)
    drives = []
    for n_threads in (1, 2):
        drive, watched = watched_drive(12, 30, 200, 5, options)
        watched._n_threads = n_threads
        drives.append(drive)
    for _ in range(60):
        first, second = (drive.step() for drive in drives)
        assert (first == second).all()

"""What faults cost, on series of tasks made by hand and against a calculation by brute force."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import report_runs as runs

from gridfleet.fault_costs import FaultCost, FaultCosts, cost_rows, fault_costs, fault_row
from gridfleet.kpis import kpis
from twin.faults.schedule import FaultRecord

SIM_S = 3600.0


def series(*spans: tuple[float, float, float]) -> np.ndarray:
    """Times of tasks. spans: (from, to, tasks an hour), evenly spaced."""
    return np.concatenate([
        np.arange(began_s + 1800.0 / rate, ended_s, 3600.0 / rate)
        for began_s, ended_s, rate in spans if rate
    ])  # fmt: skip


USUAL = series((0, SIM_S, 360))
"""One task in every bin of ten seconds."""
HOLE = series((0, 1200, 360), (1500, SIM_S, 360))


def fault(began_s: float, ended_s: float = math.inf, kind: str = "stop", unit: int = 0):
    return FaultRecord(0, kind, unit, 7, began_s, ended_s)


def cost_of(one: FaultRecord, done_s: np.ndarray) -> FaultCost:
    return fault_costs([one], done_s, USUAL, SIM_S).costs[0]


def test_a_fault_costs_what_is_missing_until_the_rate_is_back() -> None:
    found = fault_costs([fault(1200.0, 1500.0)], HOLE, USUAL, SIM_S)
    assert found == FaultCosts((FaultCost(fault(1200.0, 1500.0), 30.0, 0.0),), 330, 360, 0.0)
    late = cost_of(fault(1200.0, 1304.0), HOLE)
    assert late.lost == 30.0
    assert late.recover_s == 186.0  # eleven bins of twelve are enough


def test_a_fault_that_nobody_noticed_costs_nothing() -> None:
    assert cost_of(fault(1200.0, 1500.0), USUAL) == FaultCost(fault(1200.0, 1500.0), 0.0, 0.0)


def test_what_is_caught_up_is_not_lost() -> None:
    done_s = series((0, 1200, 360), (1260, 1320, 720), (1320, SIM_S, 360))
    assert cost_of(fault(1200.0, 1260.0), done_s).lost == 0.0


def test_a_fault_that_is_never_put_right_counts_from_its_beginning() -> None:
    done_s = series((0, 1800, 360), (1860, SIM_S, 360))
    assert cost_of(fault(1800.0), done_s) == FaultCost(fault(1800.0), 6.0, 50.0)


def test_a_floor_that_does_not_come_back_goes_on_losing() -> None:
    done_s = series((0, 1800, 360), (1800, SIM_S, 180))
    assert cost_of(fault(1800.0, 1900.0), done_s) == FaultCost(fault(1800.0, 1900.0), 90.0, None)


def test_too_near_to_the_end_nobody_can_tell_whether_it_is_back() -> None:
    assert cost_of(fault(3400.0, 3480.0), USUAL).recover_s == 0.0
    assert cost_of(fault(3400.0, 3481.0), USUAL).recover_s is None


def test_faults_at_once_share_the_loss() -> None:
    two = [fault(1200.0, 1500.0), fault(1200.0, 1500.0, "die")]
    found = fault_costs(two, HOLE, USUAL, SIM_S)
    assert [cost.lost for cost in found.costs] == [15.0, 15.0]
    late = [fault(1200.0, 1500.0), fault(1380.0, 1500.0)]
    first, second = fault_costs(late, HOLE, USUAL, SIM_S).costs
    assert first.lost == 24.0  # 18 alone, half of the other 12
    assert second.lost == 6.0


def test_what_is_lost_while_no_fault_counts_is_told_as_such() -> None:
    found = fault_costs([fault(300.0, 400.0)], HOLE, USUAL, SIM_S)
    assert found.costs[0].lost == 0.0
    assert found.unattributed == 30.0


def test_without_an_ordinary_rate_nothing_is_lost() -> None:
    found = fault_costs([fault(100.0, 200.0)], np.empty(0), np.empty(0), SIM_S)
    assert found.costs == (FaultCost(fault(100.0, 200.0), 0.0, 0.0),)
    assert fault_costs([fault(0.0)], np.empty(0), np.empty(0), 0.0).costs[0].recover_s is None


def by_brute_force(faults, done_s, usual_s, sim_s) -> list[tuple[float, float | None]]:
    """Losses and recoveries, bin by bin in plain loops."""
    n_bins = math.ceil(sim_s / 10.0)
    counts, usual = [0] * n_bins, [0] * n_bins
    for into, times_s in ((counts, done_s), (usual, usual_s)):
        for time_s in times_s.tolist():
            into[int(time_s // 10)] += 1
    spans = []
    for one in faults:
        over_s = one.ended_s if one.ended_s < math.inf else one.began_s
        back = None
        for start in range(n_bins - 11):
            is_high = sum(counts[start : start + 12]) >= 0.9 * sum(usual[start : start + 12])
            if start * 10.0 >= over_s and is_high:
                back = start
                break
        spans.append((int(one.began_s // 10), n_bins if back is None else back + 12, back, over_s))
    found = []
    for first, last, back, over_s in spans:
        lost = 0.0
        for at in range(first, last):
            n_active = sum(begins <= at < ends for begins, ends, _, _ in spans)
            lost += (usual[at] - counts[at]) / n_active
        found.append((lost, None if back is None else back * 10.0 - over_s))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_costs_are_those_of_a_count_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sim_s = float(rng.integers(1200, 4000))
    n_tasks = int(sim_s * rng.uniform(0.05, 0.4))
    done_s, usual_s = (np.sort(rng.uniform(0, sim_s, n_tasks)) for _ in range(2))
    hole = rng.uniform(300, sim_s - 200)
    done_s = done_s[(done_s < hole) | (done_s > hole + 150)]
    faults = []
    for _ in range(rng.integers(1, 8)):
        began_s = round(float(rng.uniform(0, sim_s)), 1)
        lasts_s = math.inf if rng.random() < 0.2 else round(float(rng.uniform(0, 400)), 1)
        ended_s = began_s + lasts_s
        faults.append(fault(began_s, ended_s if ended_s < sim_s else math.inf))
    found = fault_costs(faults, done_s, usual_s, sim_s)
    expected = by_brute_force(faults, done_s, usual_s, sim_s)
    for cost, (lost, recover_s) in zip(found.costs, expected, strict=True):
        assert cost.lost == pytest.approx(lost, abs=0.006), f"seed {seed}"
        assert cost.recover_s == pytest.approx(recover_s), f"seed {seed}"
    parts = [*(cost.lost for cost in found.costs), found.unattributed]
    total = found.n_reference - found.n_done
    assert sum(parts) == pytest.approx(total, abs=0.05), f"seed {seed}"


def test_rows_of_a_kind_are_added_up() -> None:
    costs = [
        FaultCost(fault(10.0, 20.0), 3.0, 40.0),
        FaultCost(fault(30.0, kind="die"), 5.5, None),
        FaultCost(fault(50.0, 60.0), -1.0, 20.0),
    ]
    assert cost_rows(costs) == [
        {"kind": "die", "count": 1, "lost": 5.5, "recover_s_mean": None,
         "recover_s_max": None, "not_recovered": 1},
        {"kind": "stop", "count": 2, "lost": 2.0, "recover_s_mean": 30.0,
         "recover_s_max": 40.0, "not_recovered": 0},
    ]  # fmt: skip
    row = fault_row(costs[1])
    assert (row["ended_s"], row["unit"], row["cell"]) == (None, 0, 7)
    assert fault_row(FaultCost(replace(fault(1.0), unit=-1, cell=-1), 0.0, None))["unit"] is None


def test_a_run_without_faults_has_no_costs() -> None:
    assert kpis(runs.picking())["fault_costs"] is None

"""What faults cost: throughput lost and time to recover, of every fault and of every kind.

The yardstick is the run itself where nothing was wrong: the median rate of windows without faults.
A fault counts from its beginning until the floor is back at RECOVERED of that rate after the fault
is over, or after its beginning for one that is never put right. What is missing in a moment is
shared evenly among the faults that count then, so that the losses add up to what the floor lost.
Where demand is the limit nothing is lost, since the floor catches up. One run cannot tell a loss
from chance: differences of a few tasks mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.faults import FaultRecord

BIN_S = 10.0
WINDOW_S = 120.0
"""Rates are taken over so long."""
RECOVERED = 0.9
"""Share of the ordinary rate at which the floor counts as back."""
FEWEST_WINDOWS = 3
"""Undisturbed windows from which on their median is an ordinary rate."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FaultCost:
    """lost_tasks: fewer than ordinary, None where there is no ordinary rate. recover_s: from the
    end of the fault until the floor was back, None if it was not by the end of the run."""

    fault: FaultRecord
    lost_tasks: float | None
    recover_s: float | None


def fault_costs(
    faults: Sequence[FaultRecord], done_s: Floats, sim_s: float
) -> tuple[list[FaultCost], float | None]:
    """Costs in the order of the faults, and the ordinary rate in tasks an hour (None: unknown).

    done_s: float64[k], ascending times at which tasks were done.
    """
    n_bins = max(1, int(np.ceil(sim_s / BIN_S)))
    counts = np.bincount(
        np.minimum((done_s / BIN_S).astype(int), n_bins - 1), minlength=n_bins
    ).astype(float)
    usual = _ordinary(faults, counts)
    if usual is None:
        return [FaultCost(fault, None, None) for fault in faults], None
    ends = [_recovered_bin(fault, counts, usual) for fault in faults]
    lost = _shared_losses(faults, ends, usual - counts)
    costs = []
    for fault, end, tasks in zip(faults, ends, lost, strict=True):
        over_s = fault.ended_s if np.isfinite(fault.ended_s) else fault.began_s
        recover_s = None if end is None else max(0.0, (end + 1) * BIN_S - over_s)
        costs.append(FaultCost(fault, round(tasks, 2), recover_s))
    return costs, usual * 3600.0 / BIN_S


def _ordinary(faults: Sequence[FaultRecord], counts: Floats) -> float | None:
    """Median tasks a bin over windows that no fault touches, settling time included."""
    is_calm = np.ones(len(counts), dtype=bool)
    is_calm[: int(WINDOW_S / BIN_S)] = False  # the floor fills up
    for fault in faults:
        end_s = min(fault.ended_s + WINDOW_S, len(counts) * BIN_S)
        is_calm[int(fault.began_s / BIN_S) : int(end_s / BIN_S) + 1] = False
    width = int(WINDOW_S / BIN_S)
    rates = [
        counts[start : start + width].mean()
        for start in range(0, len(counts) - width + 1, width)
        if is_calm[start : start + width].all()
    ]
    return float(np.median(rates)) if len(rates) >= FEWEST_WINDOWS else None


def _recovered_bin(fault: FaultRecord, counts: Floats, usual: float) -> int | None:
    """The first bin after the fault at which the window up to it is back to usual."""
    width = int(WINDOW_S / BIN_S)
    over_s = fault.ended_s if np.isfinite(fault.ended_s) else fault.began_s
    first = int(over_s / BIN_S) + 1
    for end in range(max(first, width), len(counts)):
        if counts[end - width + 1 : end + 1].mean() >= RECOVERED * usual:
            return end
    return None


def _shared_losses(
    faults: Sequence[FaultRecord], ends: Sequence[int | None], missing: Floats
) -> list[float]:
    spans = [
        slice(int(fault.began_s / BIN_S), len(missing) if end is None else end + 1)
        for fault, end in zip(faults, ends, strict=True)
    ]
    n_active = np.zeros(len(missing))
    for span in spans:
        n_active[span] += 1
    share = missing / np.maximum(n_active, 1)
    return [float(share[span].sum()) for span in spans]


def cost_rows(costs: Sequence[FaultCost]) -> list[dict[str, Any]]:
    """One row for every kind of fault, in alphabetical order, for kpis.json."""
    rows = []
    for kind in sorted({cost.fault.kind for cost in costs}):
        of_kind = [cost for cost in costs if cost.fault.kind == kind]
        lost = [cost.lost_tasks for cost in of_kind if cost.lost_tasks is not None]
        back = [cost.recover_s for cost in of_kind if cost.recover_s is not None]
        rows.append(
            {
                "kind": kind,
                "count": len(of_kind),
                "lost_tasks": round(sum(lost), 2) if lost else None,
                "recover_s_mean": round(float(np.mean(back)), 1) if back else None,
                "recover_s_max": round(max(back), 1) if back else None,
                "not_recovered": sum(cost.recover_s is None for cost in of_kind) if lost else None,
            }
        )
    return rows

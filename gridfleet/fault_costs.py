"""What faults cost: throughput lost and time to recover, of every fault and of every kind.

The yardstick is the same run without faults: same floor, orders and seed, so that the same orders
arrive and nothing else differs. The floor is back at the beginning of the first two minutes in
which it does RECOVERED of what the other run did, or more, after the fault is over, or after its
beginning for one that is never put right. A window that reaches back before that would call the
floor back before the loss can show. A fault counts to the end of these two minutes, in which some
of it may be caught up. What is missing in a moment is shared evenly among the faults that count
then; what is missing while none counts is told as such, so that the parts add up to what the run
lost. Where demand is the limit little is lost, since the floor catches up. One run cannot tell a
loss from chance: differences of a few lines mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.faults.schedule import FaultRecord

BIN_S = 10.0
WINDOW_S = 120.0
"""Rates are taken over so long."""
RECOVERED = 0.9
"""Share of the undisturbed rate at which the floor counts as back."""
_WIDTH = int(WINDOW_S / BIN_S)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FaultCost:
    """lost: fewer than without faults. recover_s: from the end of the fault until the floor
    was back, None if it was not, or not for a whole window, by the end of the run."""

    fault: FaultRecord
    lost: float
    recover_s: float | None


@dataclass(frozen=True, slots=True)
class FaultCosts:
    """costs: in the order of the faults. n_done: lines or errands done in the run. n_reference:
    without faults. unattributed: lost while no fault counted; with those of the faults it adds up
    to the difference."""

    costs: tuple[FaultCost, ...]
    n_done: int
    n_reference: int
    unattributed: float


def fault_costs(
    faults: Sequence[FaultRecord], done_s: Floats, reference_s: Floats, sim_s: float
) -> FaultCosts:
    """What each fault cost in a run of sim_s seconds.

    done_s, reference_s: float64[k], times at which lines (errands) were done with and without
    faults.
    """
    n_bins = max(1, int(np.ceil(sim_s / BIN_S)))
    counts, usual = _counts(done_s, n_bins), _counts(reference_s, n_bins)
    backs = [_recovered_bin(fault, counts, usual) for fault in faults]
    lost, unattributed = _shared_losses(faults, backs, usual - counts)
    costs = []
    for fault, back, n_lost in zip(faults, backs, lost, strict=True):
        recover_s = None if back is None else back * BIN_S - _over_s(fault)
        costs.append(FaultCost(fault, round(n_lost, 2), recover_s))
    n_done, n_reference = int(counts.sum()), int(usual.sum())
    return FaultCosts(tuple(costs), n_done, n_reference, round(unattributed, 2))


def _counts(times_s: Floats, n_bins: int) -> Floats:
    """Tasks done in each bin."""
    bins = (times_s / BIN_S).astype(int)
    return np.bincount(bins[bins < n_bins], minlength=n_bins).astype(float)


def _over_s(fault: FaultRecord) -> float:
    """When it is over; one that never is is a new state of affairs from its beginning."""
    return fault.ended_s if np.isfinite(fault.ended_s) else fault.began_s


def _recovered_bin(fault: FaultRecord, counts: Floats, usual: Floats) -> int | None:
    """The bin at which the first window after the fault begins that is as good as undisturbed."""
    for start in range(int(np.ceil(_over_s(fault) / BIN_S)), len(counts) - _WIDTH + 1):
        window = slice(start, start + _WIDTH)
        if counts[window].sum() >= RECOVERED * usual[window].sum():
            return start
    return None


def _shared_losses(
    faults: Sequence[FaultRecord], backs: Sequence[int | None], missing: Floats
) -> tuple[list[float], float]:
    """Of each fault, and what none of them explains."""
    spans = [
        slice(int(fault.began_s / BIN_S), len(missing) if back is None else back + _WIDTH)
        for fault, back in zip(faults, backs, strict=True)
    ]
    n_active = np.zeros(len(missing))
    for span in spans:
        n_active[span] += 1
    share = missing / np.maximum(n_active, 1)
    return [float(share[span].sum()) for span in spans], float(missing[n_active == 0].sum())


def fault_row(cost: FaultCost) -> dict[str, Any]:
    """One fault, for kpis.json; times in seconds, null where there is none."""
    fault = cost.fault
    return {
        "kind": str(fault.kind),
        "unit": fault.unit if fault.unit >= 0 else None,
        "cell": fault.cell if fault.cell >= 0 else None,
        "began_s": round(fault.began_s, 1),
        "ended_s": round(fault.ended_s, 1) if np.isfinite(fault.ended_s) else None,
        "lost": cost.lost,
        "recover_s": None if cost.recover_s is None else round(cost.recover_s, 1),
    }


def cost_rows(costs: Sequence[FaultCost]) -> list[dict[str, Any]]:
    """One row for every kind of fault, in alphabetical order, for kpis.json."""
    rows = []
    for kind in sorted({str(cost.fault.kind) for cost in costs}):
        of_kind = [cost for cost in costs if str(cost.fault.kind) == kind]
        back = [cost.recover_s for cost in of_kind if cost.recover_s is not None]
        rows.append(
            {
                "kind": kind,
                "count": len(of_kind),
                "lost": round(sum(cost.lost for cost in of_kind), 2),
                "recover_s_mean": round(float(np.mean(back)), 1) if back else None,
                "recover_s_max": round(max(back), 1) if back else None,
                "not_recovered": len(of_kind) - len(back),
            }
        )
    return rows

"""The section of the report on faults: what went wrong, when, where, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridfleet.clock import as_clock
from gridfleet.fault_costs import (
    RECOVERED,
    WINDOW_S,
    FaultCost,
    FaultCosts,
    cost_rows,
    fault_costs,
)
from gridfleet.kpis import output_times_s
from gridfleet.record import RunRecord
from gridfleet.report import fault_chart
from gridfleet.report.words import duration, number, share
from layouts import Layout
from layouts.words import count

MOST_SHOWN = 24
"""More faults than this fold away: the table of kinds says what most readers need."""
MOST_ROWS = 300
"""More are not listed one by one; kpis.json has them all."""


@dataclass(frozen=True, slots=True)
class FaultSection:
    """summary: sentences. chart: SVG. kinds, faults: cells of the rows of the two tables, as
    people read them; the first cell of each is its head. n_faults: listed or not."""

    summary: str
    caption: str
    chart: str
    kinds: list[list[str]]
    faults: list[list[str]]
    n_faults: int

    @property
    def is_folded(self) -> bool:
        return self.n_faults > MOST_SHOWN


def fault_section(record: RunRecord) -> FaultSection | None:
    """None for a run in which nothing was injected. Without a run to compare with costs are not
    known, and dashes are in their place."""
    if not record.faults:
        return None
    done_s, usual_s = output_times_s(record), record.reference_done_s
    noun = "lines" if record.has_orders else "errands"
    found = None if usual_s is None else fault_costs(record.faults, done_s, usual_s, record.sim_s)
    costs = _unknown(record) if found is None else found.costs
    return FaultSection(
        summary=_summary(record, found, noun),
        caption=_caption(found, noun),
        chart=fault_chart.faults_over_time(
            done_s, usual_s, record.sim_s, costs, noun, _label(record, noun)
        ),
        kinds=[_kind_cells(row, found is not None) for row in cost_rows(costs)],
        faults=[_fault_cells(cost, record.layout, found is not None) for cost in costs[:MOST_ROWS]],
        n_faults=len(costs),
    )


def _unknown(record: RunRecord) -> tuple[FaultCost, ...]:
    return tuple(FaultCost(fault, 0.0, 0.0) for fault in record.faults)


def _summary(record: RunRecord, found: FaultCosts | None, noun: str) -> str:
    n_kinds = len({fault.kind for fault in record.faults})
    told = f"{count(len(record.faults), 'fault')} of {count(n_kinds, 'kind')} happened. "
    if found is None:
        return told + "What they cost is not known: the same run without them was not made."
    told += f"The floor did {found.n_done:,} {noun}; the same run without faults did "
    told += f"{found.n_reference:,}"
    lost = found.n_reference - found.n_done
    told += f", of which {share(lost / found.n_reference)} were lost." if lost > 0 else "."
    n_open = sum(cost.recover_s is None for cost in found.costs)
    if n_open:
        was = "was" if n_open == 1 else "were"
        told += f" {count(n_open, 'fault')} {was} not recovered from by the end."
    return told


def _caption(found: FaultCosts | None, noun: str) -> str:
    told = f"{noun.capitalize()} an hour in steps, and below it every fault from its beginning to "
    told += "its end."
    if found is None:
        return told
    return (
        f"{told} The dark line is the same run without faults, same orders and seed. The pale part "
        f"is how long the floor took to be back: for {WINDOW_S / 60:.0f} minutes at "
        f"{RECOVERED:.0%} of that run or more. What is missing while several faults count is "
        f"shared among them; {number(found.unattributed, 1)} {noun} were lost while none "
        f"counted. A few {noun} more or less mean nothing."
    )


def _label(record: RunRecord, noun: str) -> str:
    kinds = sorted({str(fault.kind) for fault in record.faults})
    n_faults = count(len(record.faults), "fault")
    return f"{noun} an hour over the run, with {n_faults}: {', '.join(kinds)}"


def _kind_cells(row: dict[str, Any], is_known: bool) -> list[str]:
    costs = [
        number(row["lost"], 1), duration(row["recover_s_mean"]),
        duration(row["recover_s_max"]), number(row["not_recovered"]),
    ]  # fmt: skip
    return [row["kind"], number(row["count"]), *(costs if is_known else ["–"] * len(costs))]


def _fault_cells(cost: FaultCost, layout: Layout, is_known: bool) -> list[str]:
    fault = cost.fault
    row, col = layout.row_col(fault.cell) if fault.cell >= 0 else (-1, -1)
    back = "not by the end" if cost.recover_s is None else duration(cost.recover_s)
    return [
        str(fault.kind),
        str(fault.unit) if fault.unit >= 0 else "–",
        str(row + 1) if fault.cell >= 0 else "–",
        str(col + 1) if fault.cell >= 0 else "–",
        as_clock(fault.began_s),
        duration(fault.ended_s - fault.began_s) if np.isfinite(fault.ended_s) else "to the end",
        *([number(cost.lost, 1), back] if is_known else ["–", "–"]),
    ]

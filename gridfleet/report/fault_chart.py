"""Throughput over time with the faults of the run below it, a line for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridfleet.fault_costs import FaultCost
from gridfleet.report.charts import BLUE, INK, SKY, as_svg, drawing, time_axis

RED, PALE_RED = "#8c2d2d", "#e5b9b9"
STEP_S = 60.0
"""Width of a step, unless that makes more than MOST_STEPS."""
MOST_STEPS = 180
SMOOTHED = 5
LEAST_SHARE = 0.003
"""A fault is as wide as this share of the chart at the least, or nobody would see it."""


def faults_over_time(
    done_s: NDArray[np.float64], usual_s: NDArray[np.float64] | None, sim_s: float,
    costs: Sequence[FaultCost], noun: str, label: str,
) -> str:  # fmt: skip
    """SVG. done_s, usual_s: when lines (errands) were done with and without faults."""
    kinds = sorted({str(cost.fault.kind) for cost in costs})
    heights = [1.7, 0.19 * len(kinds) + 0.1]
    with drawing(sum(heights) + 0.6) as figure:
        rates, lines = figure.subplots(2, 1, sharex=True, height_ratios=heights)
        unit_s = time_axis(lines, sim_s)
        _draw_rates(rates, done_s, usual_s, sim_s, unit_s)
        rates.set_ylabel(f"{noun} an hour")
        _draw_faults(lines, costs, kinds, sim_s, unit_s)
        return as_svg(figure, label)


def _draw_rates(
    axes: Any, done_s: NDArray[np.float64], usual_s: NDArray[np.float64] | None, sim_s: float,
    unit_s: float,
) -> None:  # fmt: skip
    n_steps = int(np.clip(sim_s // STEP_S, 1, MOST_STEPS))
    edges = np.linspace(0.0, max(sim_s, 1e-6), n_steps + 1)
    rates = _rates(done_s, edges)
    axes.stairs(rates, edges / unit_s, fill=True, color=SKY)
    axes.stairs(rates, edges / unit_s, color=BLUE, linewidth=1.2)
    if usual_s is not None:
        usual = _smooth(_rates(usual_s, edges))
        middles = (edges[:-1] + edges[1:]) / 2
        axes.plot(middles / unit_s, usual, color=INK, linewidth=1.1)
        axes.annotate(
            "without\nfaults", (1.008, usual[-1]), xycoords=("axes fraction", "data"), va="center"
        )
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:,.0f}")


def _rates(times_s: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    counts, _ = np.histogram(times_s, bins=edges)
    return np.asarray(counts * 3600.0 / np.diff(edges))


def _smooth(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over SMOOTHED steps, fewer at the ends: two ragged lines could not be compared."""
    window = np.ones(min(SMOOTHED, len(rates)))
    sums, counts = (np.convolve(x, window, "same") for x in (rates, np.ones_like(rates)))
    return np.asarray(sums / counts)


def _draw_faults(
    axes: Any, costs: Sequence[FaultCost], kinds: list[str], sim_s: float, unit_s: float
) -> None:
    for line, kind in enumerate(kinds):
        of_kind = [cost for cost in costs if str(cost.fault.kind) == kind]
        for colour, spans in (
            (PALE_RED, [_recovery(cost, sim_s) for cost in of_kind]),
            (RED, [_span(cost, sim_s) for cost in of_kind]),
        ):
            shown = [(began, lasted) for began, lasted in spans if lasted > 0]
            if shown:
                lefts, widths = np.array(shown).T / unit_s
                axes.barh(line, widths, 0.64, lefts, color=colour, linewidth=0)
    axes.set_yticks(range(len(kinds)), kinds)
    axes.set_ylim(len(kinds) - 0.4, -0.6)


def _span(cost: FaultCost, sim_s: float) -> tuple[float, float]:
    """Beginning and length, in seconds."""
    fault = cost.fault
    return fault.began_s, max(min(fault.ended_s, sim_s) - fault.began_s, LEAST_SHARE * sim_s)


def _recovery(cost: FaultCost, sim_s: float) -> tuple[float, float]:
    """The same of the time after the fault until the floor was back, or to the end."""
    over_s = min(cost.fault.ended_s, sim_s)
    if not np.isfinite(cost.fault.ended_s):
        return over_s, 0.0
    lasted_s = sim_s - over_s if cost.recover_s is None else cost.recover_s
    return over_s, max(min(lasted_s, sim_s - over_s), 0.0)

"""Charts of experiments: paired differences, effects, warm-up, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gridfleet.experiments.comparison import Comparison, Effect
from gridfleet.experiments.statistics import welch
from gridfleet.report.charts import BLUE, GREY, INK, SKY, SOFT, as_svg, drawing

Floats = NDArray[np.float64]
GOOD, BAD = "#23704a", "#b42318"
COLOURS = (BLUE, "#c2410c", "#2f855a", "#8c4a9e", "#a67c00", "#4a5568")
"""Of variants, in their order."""


def colour_of(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def paired_differences(percents: Floats, effect: Effect, seeds: Sequence[int]) -> str:
    """A dot for every seed, how many per cent the variant is above the first; and the interval of
    the mean. percents: float64[n_seeds]."""
    label = f"difference of {effect.variant} from the first in {effect.words}, seed by seed"
    with drawing(1.9) as figure:
        axes = figure.subplots()
        axes.axhline(0.0, color=GREY, linewidth=1.0)
        spread = effect.percent
        if spread is not None and spread.low is not None and spread.high is not None:
            axes.axhspan(spread.low, spread.high, color=SKY, alpha=0.7, linewidth=0)
            axes.axhline(spread.mean, color=BLUE, linewidth=1.4)
            axes.annotate(
                f"mean {spread.mean:+.2f} %", (1.008, spread.mean),
                xycoords=("axes fraction", "data"), va="center",
            )  # fmt: skip
        axes.plot(seeds, percents, "o", color=INK, markersize=3.5)
        axes.set_xlabel("seed")
        axes.set_ylabel(f"{effect.variant}, %")
        axes.locator_params(axis="x", integer=True)
        axes.yaxis.set_major_formatter("{x:+g}")
        return as_svg(figure, label)


def effects(found: Comparison, variant: str) -> str:
    """All effects of a variant in per cent of the first, with their intervals; those that cannot be
    told from 0 are grey. Shares of time are not among them: per cent of per cent mislead."""
    shown = [
        effect
        for effect in found.effects
        if effect.variant == variant and effect.unit != "%" and effect.percent is not None
        and effect.percent.low is not None and effect.percent.high is not None
        and effect.difference.mean != 0.0
    ]  # fmt: skip
    if not shown:
        return ""
    with drawing(0.6 + 0.19 * len(shown)) as figure:
        axes = figure.subplots()
        axes.axvline(0.0, color=INK, linewidth=0.9)
        ends = []
        for row, effect in enumerate(reversed(shown)):
            spread = effect.percent
            assert spread is not None
            assert spread.low is not None
            assert spread.high is not None
            colour = {1: GOOD, -1: BAD}.get(effect.is_better, BLUE if effect.is_sure else "#9aa5b1")
            axes.plot([spread.low, spread.high], [row, row], color=colour, linewidth=2.2)
            axes.plot([spread.mean], [row], "o", color=colour, markersize=4)
            ends += [spread.low, spread.high]
        axes.set_yticks(range(len(shown)), [effect.words for effect in reversed(shown)])
        axes.set_ylim(-0.7, len(shown) - 0.3)
        # One figure that is nearly 0 on the first must not squeeze all others.
        reach = max(5.0, float(np.percentile(np.abs(ends), 85)) * 1.3)
        axes.set_xlim(-reach, reach)
        axes.set_xlabel(f"{variant} against {found.sides[0].name}, per cent")
        axes.xaxis.set_major_formatter("{x:+g}")
        axes.grid(axis="x", color="#e6eaee", linewidth=0.7)
        axes.grid(axis="y", visible=False)
        return as_svg(figure, f"effects of {variant} on all key figures")


def warm_up(minutes: Sequence[tuple[str, Floats]], ends_at: int, noun: str) -> str:
    """Welch's moving averages of the output of each variant, and where the warm-up was cut.
    minutes: name and float64[n_seeds, n_minutes] of each."""
    with drawing(2.3) as figure:
        axes = figure.subplots()
        for index, (name, rows) in enumerate(minutes):
            if not rows.size:
                continue
            window = max(1, min(10, rows.shape[1] // 8))
            axes.plot(rows.mean(axis=0) * 60.0, color=colour_of(index), alpha=0.25, linewidth=0.8)
            smooth = welch(rows, window) * 60.0
            axes.plot(smooth, color=colour_of(index), linewidth=1.6, label=name)
        if ends_at:
            axes.axvspan(0, ends_at, color="#eef1f4", linewidth=0)
            axes.annotate(
                "warm-up", (ends_at / 2, 0.97), xycoords=("data", "axes fraction"), ha="center",
                va="top", color=SOFT,
            )  # fmt: skip
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("simulated minutes")
        axes.set_ylabel(f"{noun} an hour")
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.legend(frameon=False, loc="lower right", ncols=min(4, len(minutes)))
        return as_svg(figure, f"{noun} an hour over the run, mean of all replications")

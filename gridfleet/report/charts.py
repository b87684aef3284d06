"""Charts over time and of distributions, as inline SVG whose text is text.

matplotlib draws them and is loaded only when needed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.events import EventKind
from gridfleet.record import RunRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, SKY, GREY, INK, SOFT = "#1f5fa8", "#cfe1f4", "#c5ccd3", "#1f2933", "#52606d"
WIDTH_IN = 9.0
STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "gridfleet", "font.size": 8.5,
    "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "axes.edgecolor": GREY, "axes.labelcolor": SOFT, "axes.grid": True, "axes.grid.axis": "y",
    "grid.color": "#e6eaee", "grid.linewidth": 0.7, "axes.axisbelow": True,
    "xtick.color": SOFT, "ytick.color": SOFT, "xtick.major.size": 3, "ytick.major.size": 0,
    "text.color": INK,
}  # fmt: skip


@contextmanager
def drawing(height_in: float) -> Iterator[Figure]:
    """An empty figure in the style of the report, with all text kept as text."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        yield Figure(figsize=(WIDTH_IN, height_in), layout="constrained")


def as_svg(figure: Figure, label: str) -> str:
    """The figure as an element to put into a page. label: what it shows, for those who hear it."""
    import html

    buffer = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    body = text[text.index(">", text.index("<svg")) + 1 :]
    width, height = (72 * size for size in figure.get_size_inches())
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{html.escape(label)}" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">' + re.sub(r"\n\s*", "\n", body)
    )


def time_axis(axes: Any, sim_s: float) -> float:
    """Label an axis of time; returns the seconds of its unit."""
    unit_s, name = (3600.0, "simulated hours") if sim_s >= 2 * 3600 else (60.0, "simulated minutes")
    axes.set_xlabel(name)
    axes.set_xlim(0, max(sim_s / unit_s, 1e-9))
    return unit_s


def rate_over_time(
    record: RunRecord, kind: EventKind
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(edges in s, events an hour) in equal bins of about five minutes, twelve at least."""
    times = np.asarray(record.events["time_s"][record.events["kind"] == kind], dtype=np.float64)
    n_bins = max(12, round(record.sim_s / 300))
    edges = np.linspace(0.0, max(record.sim_s, 1e-6), n_bins + 1)
    counts, _ = np.histogram(times, bins=edges)
    return edges, counts * 3600.0 / np.diff(edges)


def open_orders(record: RunRecord) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(times in s, orders placed and not done or cancelled from then on), from 0 to the end of the
    run."""
    kinds, times = record.events["kind"], np.asarray(record.events["time_s"], dtype=np.float64)
    is_over = np.isin(kinds, (EventKind.ORDER_DONE, EventKind.ORDER_CANCELLED))
    changes = (kinds == EventKind.ORDER_PLACED).astype(int) - is_over
    rows = np.flatnonzero(changes)
    rows = rows[np.argsort(times[rows], kind="stable")]
    counts = np.cumsum(changes[rows])
    last = counts[-1] if len(counts) else 0
    return np.array([0.0, *times[rows], record.sim_s]), np.array([0, *counts, last])


def throughput(record: RunRecord, kind: EventKind, noun: str, mean: float, label: str) -> str:
    """`noun` an hour over time with its mean; below it, for orders, how many were open."""
    n_panels = 2 if record.has_orders else 1
    with drawing(1.75 * n_panels + 0.5) as figure:
        panels = figure.subplots(n_panels, 1, sharex=True, squeeze=False)[:, 0]
        unit_s = time_axis(panels[-1], record.sim_s)
        edges, rates = rate_over_time(record, kind)
        panels[0].stairs(rates, edges / unit_s, fill=True, color=SKY)
        panels[0].stairs(rates, edges / unit_s, color=BLUE, linewidth=1.4)
        panels[0].axhline(mean, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        panels[0].annotate(
            f"mean {mean:,.0f}", (1.008, mean), xycoords=("axes fraction", "data"), va="center",
        )  # fmt: skip
        panels[0].set_ylabel(f"{noun} an hour")
        if n_panels == 2:
            times, counts = open_orders(record)
            panels[1].step(times / unit_s, counts, where="post", color=SOFT, linewidth=1.2)
            panels[1].set_ylabel("open at the time")
        for axes in panels:
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter("{x:,.0f}")
        return as_svg(figure, label)


def cycle_times(cycle_s: NDArray[np.float64], noun: str, label: str) -> str:
    """How many orders took how long, with median and 95th percentile."""
    p50, p95 = np.percentile(cycle_s, (50, 95))
    unit_s, unit = (60.0, "minutes") if p95 >= 120 else (1.0, "seconds")
    with drawing(2.2) as figure:
        axes = figure.subplots()
        axes.hist(cycle_s / unit_s, bins=min(60, max(10, len(cycle_s) // 5)), color=BLUE)
        for value, name in ((p50, "half"), (p95, "95%")):
            axes.axvline(value / unit_s, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
            axes.annotate(
                f"{name} within {value / unit_s:.1f}", (value / unit_s, 0.99), (4, 0),
                xycoords=("data", "axes fraction"), textcoords="offset points", va="top",
            )  # fmt: skip
        axes.set_xlim(left=0)
        axes.margins(y=0.18)
        axes.set_xlabel(f"{unit} from placed to done")
        axes.set_ylabel(noun)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        return as_svg(figure, label)

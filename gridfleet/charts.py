"""Charts of a run as inline SVG or PNG, in one style. matplotlib is loaded only when needed."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.events import EventKind
from gridfleet.record import STATION_STATES, UNIT_STATES, RunRecord
from layouts import CellKind

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, GREY, INK = "#2563a8", "#9aa5b1", "#1f2933"
STATE_COLOURS = ("#2563a8", "#7fb2e5", "#e0a33e", "#58a55c", "#c8553d", "#d9dee4")


def new_figure(width: float, height: float) -> tuple[Figure, Any]:
    """An empty figure of that size in inches with one pair of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110)
    axes = figure.add_axes((0.09, 0.16, 0.88, 0.78))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=9, colors=INK)
    return figure, axes


def as_image(figure: Figure) -> str:
    """The figure as a data address for an <img>."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def throughput(record: RunRecord) -> str:
    """Lines (or errands) per hour over time, in bins of five minutes or a twelfth of the run."""
    is_picking = record.order_due_s is not None
    kind = EventKind.LINE_DONE if is_picking else EventKind.ERRAND_DONE
    times = np.asarray(record.events["time_s"][record.events["kind"] == kind])
    width_s = min(300.0, record.sim_s / 12) or 1.0
    edges = np.arange(0.0, record.sim_s + width_s / 2, width_s)
    counts, _ = np.histogram(times, bins=edges)
    figure, axes = new_figure(8, 2.8)
    axes.fill_between(
        edges[:-1] / 3600, counts * 3600 / width_s, step="post", color=BLUE, alpha=0.2
    )
    axes.step(edges[:-1] / 3600, counts * 3600 / width_s, where="post", color=BLUE)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("simulated hours", fontsize=9)
    axes.set_ylabel("lines an hour" if is_picking else "errands an hour", fontsize=9)
    return as_image(figure)


def heat_map(record: RunRecord, values: NDArray[Any], colours: str, label: str) -> str:
    """Values per cell over the floor; obstacles dark, storage and stations shaded."""
    layout = record.layout
    shape = layout.n_rows, layout.n_cols
    width = 8.0
    figure, axes = new_figure(width, min(max(2.2, width * shape[0] / shape[1]), 9.0))
    axes.set_position((0.02, 0.04, 0.86, 0.92))
    kinds = layout.kinds.reshape(shape)
    ground = np.ones((*shape, 3))
    ground[kinds == CellKind.OBSTACLE] = (0.25, 0.28, 0.32)
    ground[kinds == CellKind.STORAGE] = (0.88, 0.89, 0.91)
    ground[kinds == CellKind.STATION] = (0.96, 0.80, 0.45)
    axes.imshow(ground, interpolation="nearest")
    shown = np.ma.masked_less_equal(values.reshape(shape).astype(float), 0)
    top = float(np.percentile(shown.compressed(), 99)) if shown.count() else 1.0
    image = axes.imshow(shown, cmap=colours, vmin=0, vmax=top, alpha=0.85, interpolation="nearest")
    axes.set_axis_off()
    bar = figure.colorbar(image, cax=figure.add_axes((0.90, 0.08, 0.02, 0.84)))
    bar.set_label(label, fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return as_image(figure)


def state_split(shares: NDArray[np.float64], names: list[str], states: tuple[str, ...]) -> str:
    """Stacked bars: share of time per state for each name. shares: float64[k, n_states]."""
    figure, axes = new_figure(8, min(1.2 + 0.28 * len(names), 9.0))
    axes.set_position((0.12, 0.1, 0.68, 0.85))
    left = np.zeros(len(names))
    for column, state in enumerate(states):
        axes.barh(names, shares[:, column], left=left, color=STATE_COLOURS[column], label=state)
        left += shares[:, column]
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9, frameon=False)
    return as_image(figure)


def station_split(record: RunRecord) -> str:
    times = record.station_time_s
    shares = times / np.maximum(times.sum(axis=1, keepdims=True), 1e-9)
    return state_split(shares, [s.name for s in record.layout.stations], STATION_STATES)


def unit_split(record: RunRecord) -> str:
    times = record.unit_time_s.sum(axis=0, keepdims=True)
    return state_split(times / max(float(times.sum()), 1e-9), ["all units"], UNIT_STATES)


def cycle_times(record: RunRecord) -> str:
    """Histogram of order cycle times in minutes."""
    done = record.events["kind"] == EventKind.ORDER_DONE
    minutes = np.asarray(record.events["value"][done], dtype=np.float64) / 60
    figure, axes = new_figure(8, 2.6)
    axes.hist(minutes, bins=40, color=BLUE)
    axes.set_xlabel("minutes from placed to done", fontsize=9)
    axes.set_ylabel("orders", fontsize=9)
    return as_image(figure)

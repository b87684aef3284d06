"""Key figures of a run; keys are stable, definitions and sources are in docs/kpis.md."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.events import EventKind
from gridfleet.record import STATION_STATES, UNIT_STATES, RunRecord
from layouts import StationKind

Kpis = dict[str, Any]


def kpis(record: RunRecord) -> Kpis:
    """All figures of a run; what does not apply to it is None."""
    hours = max(record.sim_s / 3600.0, 1e-9)
    return {
        **_picking(record, hours),
        **_orders(record, hours),
        **_tasks(record, hours),
        "station_time": _shares(record.station_time_s, STATION_STATES),
        "unit_time": _shares(record.unit_time_s, UNIT_STATES),
        "distance_m": round(float(record.cells_driven.sum()) * record.layout.cell_size_m, 3),
        "contacts": record.contacts,
        "conflicts": record.conflicts,
        "n_units": record.n_units,
        "n_active": record.n_active,
        "sim_hours": round(hours, 6),
        "plan_ms": _quantiles(record.plan_ms, {"p50": 50, "p99": 99}),
        "wall_s": round(record.wall_s, 3),
        "speed_x_real_time": round(record.sim_s / max(record.wall_s, 1e-9), 1),
        "partial": record.partial,
        "notes": list(record.notes),
    }


def _rows(record: RunRecord, kind: EventKind) -> NDArray[np.intp]:
    return np.flatnonzero(record.events["kind"] == kind)


def _values(record: RunRecord, kind: EventKind) -> NDArray[np.float64]:
    return np.asarray(record.events["value"][_rows(record, kind)], dtype=np.float64)


def _picking(record: RunRecord, hours: float) -> Kpis:
    names = ("units_per_hour", "lines_per_hour", "picks_per_station_hour", "pile_on_units",
             "pile_on_lines", "short_lines", "return_lines")  # fmt: skip
    if record.order_due_s is None:
        return dict.fromkeys(names)
    units = float(_values(record, EventKind.LINE_DONE).sum())
    lines = len(_rows(record, EventKind.LINE_DONE))
    presented = len(_rows(record, EventKind.POD_PRESENTED))
    kinds = (StationKind.PICK, StationKind.WORKSTATION)
    n_stations = sum(station.kind in kinds for station in record.layout.stations)
    return {
        "units_per_hour": round(units / hours, 3),
        "lines_per_hour": round(lines / hours, 3),
        "picks_per_station_hour": round(lines / hours / n_stations, 3) if n_stations else None,
        "pile_on_units": round(units / presented, 4) if presented else None,
        "pile_on_lines": round(lines / presented, 4) if presented else None,
        "short_lines": len(_rows(record, EventKind.LINE_SHORT)),
        "return_lines": len(_rows(record, EventKind.RETURN_DONE)),
    }


def _orders(record: RunRecord, hours: float) -> Kpis:
    names = ("orders_placed", "orders_completed", "orders_per_hour", "cycle_time_s", "late_orders")
    due_s = record.order_due_s
    if due_s is None:
        return dict.fromkeys(names)
    done = _rows(record, EventKind.ORDER_DONE)
    placed = np.asarray(record.events["order"][_rows(record, EventKind.ORDER_PLACED)], dtype=int)
    done_s = np.full(len(due_s), np.inf)
    done_s[record.events["order"][done]] = record.events["time_s"][done]
    late = (done_s > due_s) & (due_s < record.sim_s)
    cycle = np.asarray(record.events["value"][done], dtype=np.float64)
    quantiles = _quantiles(cycle, {"p50": 50, "p95": 95})
    mean = round(float(cycle.mean()), 3) if len(cycle) else None
    return {
        "orders_placed": len(placed),
        "orders_completed": len(done),
        "orders_per_hour": round(len(done) / hours, 3),
        "cycle_time_s": {"mean": mean, **quantiles},
        "late_orders": int(late[placed].sum()),
    }


def _tasks(record: RunRecord, hours: float) -> Kpis:
    rows = _rows(record, EventKind.TASK_DONE)
    if record.order_due_s is None:
        rows = _rows(record, EventKind.ERRAND_DONE)
    last_s = min(600.0, record.sim_s)
    times = np.asarray(record.events["time_s"][rows], dtype=np.float64)
    recent = int((times > record.sim_s - last_s).sum())
    return {
        "tasks_done": len(rows),
        "tasks_per_hour": round(len(rows) / hours, 3),
        "tasks_per_hour_last_10_min": round(recent * 3600.0 / last_s, 3) if last_s else None,
    }


def _quantiles(values: NDArray[np.float64], wanted: dict[str, int]) -> dict[str, float | None]:
    if not len(values):
        return dict.fromkeys(wanted)
    return {name: round(float(np.percentile(values, q)), 4) for name, q in wanted.items()}


def _shares(seconds: NDArray[np.float64], states: tuple[str, ...]) -> Kpis | None:
    total = float(seconds.sum())
    if not total:
        return None
    sums = seconds.sum(axis=0)
    return {
        state: {"seconds": round(float(s), 3), "share": round(float(s) / total, 5)}
        for state, s in zip(states, sums, strict=True)
    }

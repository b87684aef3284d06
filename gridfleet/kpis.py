"""Key figures of a run; keys are stable, definitions and sources are in docs/kpis.md."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.events import EventKind
from gridfleet.detour import detour_of
from gridfleet.fault_costs import cost_rows, fault_costs, fault_row
from gridfleet.lost_capacity import lost_capacity
from gridfleet.record import STATION_STATES, UNIT_STATES, RunRecord
from gridfleet.regime import regime_of
from gridfleet.station_figures import handling_stations, room_for_waiting, station_rows
from gridfleet.status_figures import status_figures

Kpis = dict[str, Any]


def kpis(record: RunRecord) -> Kpis:
    """All figures of a run; what does not apply to it is None. Raises InvariantError for accounts
    of time that do not add up."""
    hours = max(record.sim_s / 3600.0, 1e-9)
    figures = {
        **_picking(record, hours),
        **_orders(record, hours),
        **_tasks(record, hours),
        "station_time": _shares(record.station_time_s, STATION_STATES),
        "unit_time": _shares(record.unit_time_s, UNIT_STATES),
        "lost_capacity": lost_capacity(record),
        **_driving(record),
        "contacts": record.contacts,
        "conflicts": record.conflicts,
        "mishaps": _mishaps(record),
        "faults": len(_rows(record, EventKind.FAULT)),
        "fault_costs": _fault_costs(record),
        "status": status_figures(record.status, record.layout) if record.status else None,
        "n_units": record.n_units,
        "n_active": record.n_active,
        "planner": _planner(record),
        "sim_hours": round(hours, 6),
        "plan_ms": _quantiles(record.plan_ms, {"p50": 50, "p99": 99}),
        "wall_s": round(record.wall_s, 3),
        "speed_x_real_time": round(record.sim_s / max(record.wall_s, 1e-9), 1),
        "partial": record.partial,
        "stations": station_rows(record, hours),
        "demand": asdict(record.demand) if record.demand else None,
        "notes": list(record.notes),
    }
    return {**figures, **regime_of(figures)}


def _rows(record: RunRecord, kind: EventKind) -> NDArray[np.intp]:
    return np.flatnonzero(record.events["kind"] == kind)


def _values(record: RunRecord, kind: EventKind) -> NDArray[np.float64]:
    return np.asarray(record.events["value"][_rows(record, kind)], dtype=np.float64)


def _times(record: RunRecord, kind: EventKind) -> NDArray[np.float64]:
    return np.asarray(record.events["time_s"][_rows(record, kind)], dtype=np.float64)


def _mishaps(record: RunRecord) -> Kpis | None:
    """What befell bodies; None for an engine whose units have none."""
    if not record.has_bodies:
        return None
    kinds = EventKind.TIPPED, EventKind.SLIPPED, EventKind.OVERLOADED
    return {kind.name.lower(): len(_rows(record, kind)) for kind in kinds}


def _planner(record: RunRecord) -> Kpis | None:
    choice = record.planner
    return {"name": choice.name, "why": choice.why} if choice else None


def _picking(record: RunRecord, hours: float) -> Kpis:
    names = ("units_per_hour", "lines_per_hour", "picks_per_station_hour", "pile_on_units",
             "pile_on_lines", "presentations_per_station_hour", "lines_per_robot_hour",
             "short_lines", "return_lines")  # fmt: skip
    if not record.has_orders:
        return dict.fromkeys(names)
    units = float(_values(record, EventKind.LINE_DONE).sum())
    lines = len(_rows(record, EventKind.LINE_DONE))
    presented = len(_rows(record, EventKind.POD_PRESENTED))
    station_hours = hours * len(handling_stations(record.layout))
    return {
        "units_per_hour": round(units / hours, 3),
        "lines_per_hour": round(lines / hours, 3),
        "picks_per_station_hour": _ratio(lines, station_hours, 3),
        "pile_on_units": _ratio(units, presented, 4),
        "pile_on_lines": _ratio(lines, presented, 4),
        "presentations_per_station_hour": _ratio(presented, station_hours, 3)
        if presented
        else None,
        "lines_per_robot_hour": _ratio(lines, hours * record.n_units, 3),
        "short_lines": len(_rows(record, EventKind.LINE_SHORT)),
        "return_lines": len(_rows(record, EventKind.RETURN_DONE)),
    }


def _orders(record: RunRecord, hours: float) -> Kpis:
    names = ("orders_placed", "orders_completed", "orders_per_hour", "orders_waiting_share",
             "cycle_time_s", "late_orders")  # fmt: skip
    if not record.has_orders:
        return dict.fromkeys(names)
    cycle = _values(record, EventKind.ORDER_DONE)
    quantiles = _quantiles(cycle, {"p50": 50, "p95": 95})
    mean = round(float(cycle.mean()), 3) if len(cycle) else None
    return {
        "orders_placed": len(_rows(record, EventKind.ORDER_PLACED)),
        "orders_completed": len(cycle),
        "orders_per_hour": round(len(cycle) / hours, 3),
        "orders_waiting_share": _waiting_share(record),
        "cycle_time_s": {"mean": mean, **quantiles},
        "late_orders": _late_orders(record),
    }


def _late_orders(record: RunRecord) -> int | None:
    """Orders done or cancelled after they were due, or due by now and neither."""
    due_s = record.order_due_s
    if due_s is None:
        return None
    orders = np.asarray(record.events["order"], dtype=int)
    done, placed = (_rows(record, kind) for kind in (EventKind.ORDER_DONE, EventKind.ORDER_PLACED))
    done_s = np.full(len(due_s), np.inf)
    for rows in (_rows(record, EventKind.ORDER_CANCELLED), done):
        done_s[orders[rows]] = record.events["time_s"][rows]
    late = (done_s > due_s) & (due_s < record.sim_s)
    return int(late[orders[placed]].sum())


def _waiting_share(record: RunRecord) -> float | None:
    """Share of time in which orders waited because no station had room for them."""
    placed, taken = (
        _times(record, kind) for kind in (EventKind.ORDER_PLACED, EventKind.ORDER_ASSIGNED)
    )
    if not record.sim_s:
        return None
    gone = _rows(record, EventKind.ORDER_CANCELLED)
    gone = gone[np.asarray(record.events["station"], dtype=int)[gone] < 0]  # no station had these
    taken = np.concatenate([taken, np.asarray(record.events["time_s"], dtype=np.float64)[gone]])
    times = np.concatenate([[0.0], placed, taken, [record.sim_s]])
    changes = np.repeat([0, 1, -1, 0], [1, len(placed), len(taken), 1])
    order = np.argsort(times, kind="stable")
    n_waiting = np.cumsum(changes[order])[:-1]
    lasted_s, room = np.diff(times[order]), room_for_waiting(record.layout)
    return round(float(lasted_s[n_waiting > room].sum()) / record.sim_s, 5)


def _tasks(record: RunRecord, hours: float) -> Kpis:
    kind = EventKind.TASK_DONE if record.has_orders else EventKind.ERRAND_DONE
    times = _times(record, kind)
    last_s = min(600.0, record.sim_s)
    recent = int((times > record.sim_s - last_s).sum())
    return {
        "tasks_done": len(times),
        "tasks_per_hour": round(len(times) / hours, 3),
        "tasks_per_hour_last_10_min": _ratio(recent * 3600.0, last_s, 3),
    }


def _fault_costs(record: RunRecord) -> Kpis | None:
    """What was injected and what it cost, of each fault and of each kind."""
    if record.reference_done_s is None:
        return None
    found = fault_costs(
        record.faults, output_times_s(record), record.reference_done_s, record.sim_s
    )
    return {
        "done": found.n_done,
        "done_without_faults": found.n_reference,
        "lost": found.n_reference - found.n_done,
        "unattributed": found.unattributed,
        "kinds": cost_rows(found.costs),
        "faults": [fault_row(cost) for cost in found.costs],
    }


def output_times_s(record: RunRecord) -> NDArray[np.float64]:
    """float64[k], when each order line was picked or parcel dropped; without orders, when each
    errand was done. Not tasks: where units are held up, one task serves more stations."""
    kind = EventKind.LINE_DONE if record.has_orders else EventKind.ERRAND_DONE
    return _times(record, kind)


def _driving(record: RunRecord) -> Kpis:
    """Metres in all and on finished errands, and what the errands would have taken at the least."""
    cell_m = record.layout.cell_size_m
    detour = detour_of(record.layout, record.events)
    return {
        "distance_m": round(float(record.cells_driven.sum()) * cell_m, 3),
        "distance_errands_m": round(detour.n_driven * cell_m, 3),
        "detour_factor": None if detour.ratio is None else round(detour.ratio, 4),
        "detour_errands": detour.n_compared,
    }


def _ratio(value: float, total: float, digits: int) -> float | None:
    return round(value / total, digits) if total else None


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

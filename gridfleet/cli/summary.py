"""The key figures of a run as a few lines for the terminal."""

from __future__ import annotations

import textwrap
from typing import Any

from gridfleet.lost_capacity import sentence
from gridfleet.regime import handling_shares

WIDTH = 100
Figures = dict[str, Any]


def table(figures: Figures) -> str:
    """Names and figures in two columns, then the notes; what does not apply is left out."""
    rows = [(name, text) for name, text in _rows(figures) if text]
    width = max(len(name) for name, _ in rows)
    lines = []
    for name, text in rows:
        lines += textwrap.wrap(
            text, WIDTH, initial_indent=f"{name:<{width}}  ", subsequent_indent=" " * (width + 2)
        )
    lines += _fault_lines(figures["fault_costs"])
    lines += [f"note: {note}" for note in figures["notes"]]
    return "\n".join(lines)


def _fault_lines(costs: Figures | None) -> list[str]:
    """What each kind of fault cost, in columns."""
    if costs is None:
        return []
    rows = [_FAULT_HEADS, *(_fault_row(row) for row in costs["kinds"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    other = costs["unattributed"]
    return [
        *lines,
        f"lines: {costs['done']:,} done, {costs['done_without_faults']:,} without faults; lost "
        f"while none counted: {other:,.1f}",
    ]


_FAULT_HEADS = ("faults", "number", "output lost", "back after", "at the longest", "not back")


def _fault_row(row: Figures) -> tuple[str, ...]:
    return (
        row["kind"], f"{row['count']:,}", f"{row['lost']:,.1f}",
        _seconds(row["recover_s_mean"]), _seconds(row["recover_s_max"]),
        f"{row['not_recovered']:,}",
    )  # fmt: skip


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:,.0f} s"


def _rows(figures: Figures) -> list[tuple[str, str]]:
    has_orders = figures["orders_placed"] is not None
    work = _order_rows(figures) if has_orders else _errand_rows(figures)
    return [*work, *_fleet_rows(figures)]


def _order_rows(figures: Figures) -> list[tuple[str, str]]:
    done, placed = figures["orders_completed"], figures["orders_placed"]
    cycle, late = figures["cycle_time_s"], figures["late_orders"]
    is_sortation = any(row["kind"] == "induct" for row in figures["stations"])
    noun, units = ("parcels", None) if is_sortation else ("lines", figures["units_per_hour"])
    return [
        ("orders", _list(f"{done:,} of {placed:,} completed", _say("{:,} late", late))),
        ("order cycle", _list(_minutes("half within", cycle["p50"]),
                              _minutes("95% within", cycle["p95"]))),
        ("output", _list(_say(f"{{:,.0f}} {noun} an hour", figures["lines_per_hour"]),
                         _say("{:,.0f} units an hour", units))),
        ("station hour", _list(_say(f"{{:,.0f}} {noun}", figures["picks_per_station_hour"]),
                               _say("{:,.0f} pods", figures["presentations_per_station_hour"]))),
        ("pod visit", _list(_say("{:.2f} lines", figures["pile_on_lines"]),
                            _say("{:.2f} units", figures["pile_on_units"]))),
        ("station time", _shares(handling_shares(figures))),
    ]  # fmt: skip


def _errand_rows(figures: Figures) -> list[tuple[str, str]]:
    recent = figures["tasks_per_hour_last_10_min"]
    return [
        ("output", _list(_say("{:,.0f} errands an hour", figures["tasks_per_hour"]),
                         _say("{:,.0f} in the last ten minutes", recent)))
    ]  # fmt: skip


def _fleet_rows(figures: Figures) -> list[tuple[str, str]]:
    n_active, n_units, plan = figures["n_active"], figures["n_units"], figures["plan_ms"]
    mishaps = figures["mishaps"] or {}
    driving = f"{n_active:,} driving of {n_units:,}" if n_active < n_units else f"{n_units:,}"
    return [
        ("drive units", _list(driving, _say("{:,.1f} km driven", figures["distance_m"] / 1000),
                              _say("{:.2f} x the shortest way", figures["detour_factor"]))),
        ("unit time", _shares(_unit_shares(figures))),
        ("safety", f"{figures['contacts']:,} contacts, {figures['conflicts']:,} conflicts"),
        ("bodies", _list(*(_say(f"{{:,}} {name}", n) for name, n in mishaps.items()))),
        ("simulated", _list(f"{figures['sim_hours']:,.2f} h in {figures['wall_s']:,.1f} s",
                            f"{figures['speed_x_real_time']:,.0f} x real time",
                            _say("planning step {:.3f} ms", plan["p50"]))),
        ("lost capacity", sentence(figures)),
        ("limited by", _regime(figures)),
        ("partial", "ended before its time" if figures["partial"] else ""),
    ]  # fmt: skip


def _regime(figures: Figures) -> str:
    name, reason = figures["regime"], figures["regime_reason"]
    return f"{name}: {reason}" if name else f"{reason}"


def _list(*texts: str) -> str:
    return ", ".join(text for text in texts if text)


def _say(text: str, value: float | None) -> str:
    return "" if value is None else text.format(value)


def _minutes(text: str, seconds: float | None) -> str:
    return "" if seconds is None else f"{text} {seconds / 60:,.1f} min"


def _unit_shares(figures: Figures) -> dict[str, float]:
    return {state: row["share"] for state, row in (figures["unit_time"] or {}).items()}


def _shares(shares: dict[str, float]) -> str:
    """States with their shares, those that round to nothing left out."""
    return ", ".join(
        f"{state.replace('_', ' ')} {share:.0%}"
        for state, share in shares.items()
        if share >= 0.005
    )

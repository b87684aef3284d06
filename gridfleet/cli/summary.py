"""The key figures of a run as a few lines for the terminal."""

from __future__ import annotations

from typing import Any


def table(figures: dict[str, Any]) -> str:
    """Names and figures in two columns, then the notes; what does not apply is left out."""
    rows = [(name, text) for name, text in _rows(figures) if text]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {text}" for name, text in rows]
    lines += [f"note: {note}" for note in figures["notes"]]
    return "\n".join(lines)


def _rows(figures: dict[str, Any]) -> list[tuple[str, str]]:
    cycle = figures["cycle_time_s"] or {}
    placed = figures["orders_placed"]
    return [
        ("orders completed", _of(figures["orders_completed"], placed)),
        ("late orders", _count(figures["late_orders"])),
        ("lines an hour", _rate(figures["lines_per_hour"])),
        ("units an hour", _rate(figures["units_per_hour"])),
        ("picks a station hour", _rate(figures["picks_per_station_hour"])),
        ("lines a pod visit", _ratio(figures["pile_on_lines"])),
        ("order cycle, p50 / p95", _minutes(cycle.get("p50"), cycle.get("p95"))),
        ("tasks an hour" if placed is not None else "errands an hour",
         _rate(figures["tasks_per_hour"])),
        ("drive units", _of(figures["n_active"], figures["n_units"], "driving of ")),
        ("contacts, conflicts", f"{figures['contacts']:,}, {figures['conflicts']:,}"),
        ("simulated", f"{figures['sim_hours']:,.2f} h in {figures['wall_s']:,.1f} s, "
                      f"{figures['speed_x_real_time']:,.0f} x real time"),
        ("partial", "ended before its time" if figures["partial"] else ""),
    ]  # fmt: skip


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _of(value: int | None, total: int | None, word: str = "of ") -> str:
    return "" if value is None or total is None else f"{value:,} {word}{total:,}"


def _rate(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _minutes(p50_s: float | None, p95_s: float | None) -> str:
    return "" if p50_s is None or p95_s is None else f"{p50_s / 60:.1f} / {p95_s / 60:.1f} min"

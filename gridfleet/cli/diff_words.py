"""What is different between two runs, as lines for people and as a dict for machines."""

from __future__ import annotations

from typing import Any

from fleet_control.events import EventKind
from fleet_control.journal.compare import clock
from gridfleet.run_difference import Divergence, EventRow, RunDifference, Values
from gridfleet.run_reading import RunRead
from layouts import Layout

LEFT_OUT = ("stations", "demand", "notes", "status", "fault_costs", "regime_reason")
"""Figures that people do not see; they are in the JSON."""
SHARES = ("station_time", "unit_time")
"""Figures of which people see the shares and not the seconds."""
MOST_TEXT = 40
_IDS = ("unit", "task", "pod", "order", "line")


def lines(found: RunDifference) -> list[str]:
    """Notes, scenario, figures and where the runs part."""
    told = [f"A {found.one.folder}", f"B {found.other.folder}"]
    told += [f"note: {note}" for note in notes(found)]
    told += ["", "scenario"]
    told += _columns([(v.key, _text(v.before), _text(v.after)) for v in found.scenario]) or [
        "  the same"
    ]
    rows = [
        (value.key, _text(value.before, value.key), _text(value.after, value.key), _change(value))
        for value in found.figures
        if _is_shown(value)
    ]
    told += ["", "key figures", *_columns([("", "A", "B", "B against A"), *rows]), ""]
    return told + _parting(found)


def notes(found: RunDifference) -> list[str]:
    """What to know before the figures are compared."""
    one, other = found.one, found.other
    said = []
    if one.floor != other.floor:
        said.append(
            f"different floors, {one.floor} and {other.floor}: gridfleet layouts diff says how; "
            "places are those of each"
        )
    hours = [run.figures.get("sim_hours") for run in (one, other)]
    if hours[0] != hours[1]:
        said.append(f"different times, {_text(hours[0])} and {_text(hours[1])} simulated hours")
    for letter, run in (("A", one), ("B", other)):
        if run.figures.get("partial"):
            said.append(f"{letter} was ended before its time")
        if run.events is None:
            said.append(f"{letter} has no events.parquet; run it again to see where the runs part")
        if run.layout is None:
            said.append(f"{letter}: its floor {run.floor} cannot be read; cells go by number")
    return said


def _is_shown(value: Values) -> bool:
    top, _, below = value.key.partition(".")
    is_shown = top not in LEFT_OUT and not (top in SHARES and below.endswith("seconds"))
    return is_shown and not (value.before is None and value.after is None)


def _text(value: Any, key: str = "") -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if key.endswith("share"):
            return f"{value:.1%}"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    text = str(value)
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 3]}..."


def _change(value: Values) -> str:
    """In per cent, of shares in points."""
    if value.before == value.after:
        return "="
    if value.difference is None:
        return ""
    if value.key.endswith("share"):
        return f"{100 * value.difference:+.1f} points"
    return "" if value.percent is None else f"{value.percent:+.1f} %"


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        f"  {row[0]:<{widths[0]}}  "
        + "  ".join(f"{text:>{width}}" for text, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]


def _parting(found: RunDifference) -> list[str]:
    if not found.has_events:
        return []
    if found.row is None:
        return ["events: all rows are the same"]
    told = []
    if found.decision is None:
        told.append("decisions: all are the same")
    else:
        told += _rows("decision", found.decision, found)
    if found.decision is not None and found.decision.before == found.row.before:
        told.append("no row of the events before it differs")
    else:
        told += _rows("row of events", found.row, found)
    ends = found.row.before, found.row.after
    if any(row is not None and row.kind is EventKind.ORDER_PLACED for row in ends):
        told.append("the runs had different orders")
    return told


def _rows(what: str, parting: Divergence, found: RunDifference) -> list[str]:
    sides = (("A", found.one, parting.before), ("B", found.other, parting.after))
    return [
        f"first {what} that differs, after {parting.n_same:,} that are the same:",
        *(f"  {letter}: {describe(row, run.layout)}" for letter, run, row in sides),
    ]


def describe(row: EventRow | None, layout: Layout | None) -> str:
    """A row of the event log for people; docs/events.md says what `value` means."""
    if row is None:
        return "no further one"
    values = row.values
    words = [f"{name} {values[name]:.0f}" for name in _IDS if values[name] >= 0]
    station, cell = int(values["station"]), int(values["cell"])
    if station >= 0:
        is_known = layout is not None and station < len(layout.stations)
        words.append(f"station {layout.stations[station].name if layout and is_known else station}")
    if cell >= 0:
        is_known = layout is not None and cell < layout.n_cells
        words.append(layout.place(cell) if layout and is_known else f"cell {cell}")
    if values["value"]:
        words.append(f"value {values['value']:g}")
    kind = row.kind.name.lower()
    return f"{clock(values['time_s'])}  {kind}: {', '.join(words)} (row {row.number:,})"


def as_json(found: RunDifference) -> dict[str, Any]:
    """The same for machines, with all figures."""
    return {
        "same": found.is_same,
        "runs": [str(run.folder) for run in (found.one, found.other)],
        "notes": notes(found),
        "scenario": {v.key: {"a": v.before, "b": v.after} for v in found.scenario},
        "figures": {
            value.key: {
                "a": value.before,
                "b": value.after,
                "difference": value.difference,
                "percent": value.percent,
            }
            for value in found.figures
        },
        "decision": _divergence(found.decision, found),
        "event": _divergence(found.row, found),
    }


def _divergence(parting: Divergence | None, found: RunDifference) -> dict[str, Any] | None:
    if parting is None:
        return None
    return {
        "n_same": parting.n_same,
        "a": _event(parting.before, found.one),
        "b": _event(parting.after, found.other),
    }


def _event(row: EventRow | None, run: RunRead) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"row": row.number, **row.values, "kind": row.kind.name.lower(),
            "text": describe(row, run.layout)}  # fmt: skip

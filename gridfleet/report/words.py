"""How the report says numbers, and what it calls what a run counts."""

from __future__ import annotations

from dataclasses import dataclass

from gridfleet.record import RunRecord
from layouts import StationKind


@dataclass(frozen=True, slots=True)
class Words:
    """line, order: what is handled and what is completed, in the plural. done: what became of
    orders. handled: what people do with lines. kind: of the run, for a heading."""

    line: str
    order: str
    done: str
    handled: str
    kind: str


PICKING = Words("lines", "orders", "completed", "picked", "Goods to person")
SORTING = Words("parcels", "parcels", "sorted", "dropped", "Sortation")
ERRANDS = Words("errands", "errands", "driven", "driven", "Random errands")


def words_for(record: RunRecord) -> Words:
    if not record.has_orders:
        return ERRANDS
    kinds = {station.kind for station in record.layout.stations}
    return SORTING if StationKind.INDUCT in kinds else PICKING


def number(value: float | None, digits: int = 0) -> str:
    """With thousands separators, so many decimals; a dash for what does not apply."""
    return "–" if value is None else f"{value:,.{digits}f}"


def short(value: float | None) -> str:
    """Three significant digits below a hundred, whole numbers above."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def share(value: float | None) -> str:
    """A share in per cent. What is there does not round to nothing."""
    if value is None:
        return "–"
    if 0 < value < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= value < 1 else f"{value:.0%}"


def duration(seconds: float | None) -> str:
    """Seconds, minutes or hours, whichever reads best."""
    if seconds is None:
        return "–"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:,.1f} h"


def distance(metres: float) -> str:
    return f"{metres:,.0f} m" if metres < 2000 else f"{metres / 1000:,.1f} km"

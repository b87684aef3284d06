"""What the lint finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from layouts.layout import Layout
from layouts.words import where


class Severity(StrEnum):
    """FAULT: work stops there for good. WARNING: it costs throughput, or hangs on one cell."""

    FAULT = "fault"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or weak.

    code: stable word for machines. cells: ascending ids of all cells meant, () for the floor as a
    whole. text: place, what is wrong, and the cure. stations: names of the stations meant.
    """

    severity: Severity
    code: str
    cells: tuple[int, ...]
    text: str
    stations: tuple[str, ...] = ()


def fault(
    layout: Layout, code: str, cells: Iterable[int], words: str, stations: Sequence[str] = ()
) -> Finding:
    """A fault at cells, of which there is one at least."""
    return _finding(Severity.FAULT, layout, code, cells, words, stations)


def warning(
    layout: Layout, code: str, cells: Iterable[int], words: str, stations: Sequence[str] = ()
) -> Finding:
    """A warning at cells, of which there is one at least."""
    return _finding(Severity.WARNING, layout, code, cells, words, stations)


def _finding(
    severity: Severity,
    layout: Layout,
    code: str,
    cells: Iterable[int],
    words: str,
    stations: Sequence[str],
) -> Finding:
    places = tuple(sorted({int(cell) for cell in cells}))
    return Finding(severity, code, places, f"{where(layout, places)}: {words}", tuple(stations))

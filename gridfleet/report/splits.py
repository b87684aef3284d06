"""Where time went, as bars of shares: of stations, of drive units, and of each station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridfleet.record import STATION_STATES, UNIT_STATES
from gridfleet.regime import active_unit_shares
from gridfleet.report.words import share
from layouts import StationKind

Figures = dict[str, Any]

STATES = {
    "picking": ("picking", "#1f5fa8", "a person works on a line"),
    "starved": ("starved", "#e3a008", "lines are open, and no pod could have been there yet"),
    "blocked": ("blocked", "#c2410c", "lines are open, and a unit that is on its way is overdue"),
    "no_work": ("no work", "#d5dbe1", "no line is open at the station"),
    "loaded": ("loaded", "#1f5fa8", "driving with a load, lifting and setting down"),
    "empty": ("empty", "#7fb0dd", "driving without a load"),
    "queueing": ("queueing", "#e3a008", "in the lane of a station, or ready for a place there"),
    "at_station": ("at station", "#2f855a", "standing at a station while people work"),
    "waiting": ("waiting", "#c2410c", "on the way, and others are in it"),
    "idle": ("idle", "#d5dbe1", "without a task"),
    "stopped": ("stopped", "#8c2d2d", "cannot go on: a fault, silence, or a person in the way"),
}
"""state: (name, colour, what it means). Blue is what a floor is for, red is what is lost."""


PALE = ("#e3a008", "#7fb0dd", "#d5dbe1", "#a8b3bd", "#d9812b")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar. text: its share as people read it. amount: in hours, "" if not said."""

    name: str
    colour: str
    meaning: str
    share: float
    text: str
    amount: str = ""

    @property
    def is_pale(self) -> bool:
        """Whether text on it has to be dark."""
        return self.colour in PALE


@dataclass(frozen=True, slots=True)
class Bar:
    name: str
    parts: tuple[Part, ...]

    @property
    def label(self) -> str:
        """All of it in words, for those who hear it."""
        return f"{self.name}: " + ", ".join(f"{part.name} {part.text}" for part in self.parts)


def split(
    name: str, shares: dict[str, float], seconds: dict[str, float] | None = None,
    words: dict[str, tuple[str, str, str]] = STATES,
) -> Bar:  # fmt: skip
    """words: name, colour and meaning of each part."""
    return Bar(
        name,
        tuple(
            Part(
                *words[state],
                share=value,
                text=share(value),
                amount=amount(seconds[state], max(seconds.values())) if seconds else "",
            )
            for state, value in shares.items()
        ),
    )


def amount(seconds: float, most: float) -> str:
    """In one unit for all parts of a bar, which the largest decides."""
    return f"{seconds / 3600:,.1f} h" if most >= 3600 else f"{seconds / 60:,.1f} min"


def station_bars(figures: Figures) -> list[Bar]:
    """One bar for each kind of station that time was booked on, those where people work first."""
    rows = [row for row in figures["stations"] if row["picking"] is not None]
    bars = []
    kinds = dict.fromkeys(row["kind"] for row in rows)
    for kind in sorted(kinds, key=lambda kind: kind == StationKind.EJECT):
        of_kind = [row for row in rows if row["kind"] == kind]
        shares = {s: sum(row[s] for row in of_kind) / len(of_kind) for s in STATION_STATES}
        s_each = figures["sim_hours"] * 3600 * len(of_kind)
        noun = "station" if len(of_kind) == 1 else "stations"
        name = f"{len(of_kind):,} {kind} {noun}"
        bars.append(split(name, shares, {s: v * s_each for s, v in shares.items()}))
    return bars


def unit_bar(figures: Figures) -> Bar | None:
    """Time of the units that may drive; surplus that is parked for good is left out."""
    shares = active_unit_shares(figures)
    if shares is None:
        return None
    s_in_all = figures["n_active"] * figures["sim_hours"] * 3600
    seconds = {state: shares[state] * s_in_all for state in UNIT_STATES}
    name = f"{figures['n_active']:,} drive units"
    return split(name, {state: shares[state] for state in UNIT_STATES}, seconds)


def row_bar(row: dict[str, Any]) -> Bar | None:
    """The bar of one station in the table, None if no time was booked on it."""
    if row["picking"] is None:
        return None
    return split(row["name"], {state: row[state] for state in STATION_STATES})

"""What the characters of a drawn floor mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from layouts.drawing import nearest
from layouts.layout import CellKind, StationKind
from layouts.native_tables import LegendEntry
from layouts.regions import HEADINGS

LEGEND = {
    ".": "floor",
    "#": "obstacle",
    "P": "storage",
    "S": "station",
    "q": "queue",
    "C": "charger",
    "K": "parking",
    "H": "human",
    ">": "east",
    "<": "west",
    "^": "north",
    "v": "south",
}
"""What each character of a map means where the file has no legend of its own. The four arrows are
floor cells that may only be left along the arrow."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one character says about its cells.

    heading: the only way out of the cell, -1 for all ways. station: what happens there.
    """

    kind: CellKind
    heading: int = -1
    station: StationKind = StationKind.PICK
    zone: str = ""


WORDS = (
    {kind.name.lower(): Meaning(kind) for kind in CellKind}
    | {kind.value: Meaning(CellKind.STATION, station=kind) for kind in StationKind}
    | {word: Meaning(CellKind.FLOOR, int(heading)) for word, heading in HEADINGS.items()}
)
"""The words of a legend."""


def meanings(
    legend: Mapping[str, str | LegendEntry], source: str, faults: list[str]
) -> dict[str, Meaning]:
    """Meaning of every character: the default legend, with the file's own on top."""
    found = {char: WORDS[word] for char, word in LEGEND.items()}
    for char, entry in legend.items():
        word, zone = (entry, "") if isinstance(entry, str) else (entry.kind, entry.zone)
        if len(char) != 1:
            faults.append(f"{source}: legend of {char!r}: give exactly one character")
        elif word not in WORDS:
            cure = nearest(word, list(WORDS))
            faults.append(f"{source}: legend of {char!r}: unknown kind {word!r}; {cure}")
        else:
            plain = WORDS[word]
            found[char] = Meaning(plain.kind, plain.heading, plain.station, zone)
    return found

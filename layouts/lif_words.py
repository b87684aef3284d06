"""What LIF has no field for, as words that our own files say in descriptions and read back.

A node is described by the kind of its cell, a queue cell also by its place and its station: "queue
cell 2 of S1" counts from the front. A station is described by its kind.
"""

from __future__ import annotations

import re

from layouts.layout import CellKind

VERSION = "1.0.0"
VEHICLE_TYPE = "gridfleet.drive-unit"
PICK, DROP, CHARGE = "pick", "drop", "startCharging"
"""Actions of VDA 5050 on nodes of storage and of chargers."""
KIND_WORDS = {
    CellKind.FLOOR: "floor",
    CellKind.STORAGE: "storage",
    CellKind.STATION: "service cell",
    CellKind.QUEUE: "queue cell",
    CellKind.CHARGER: "charger",
    CellKind.PARKING: "parking",
}
_KINDS = {word: kind for kind, word in KIND_WORDS.items()}


def queue_words(place: int, station: str) -> str:
    """place: from 1 at the front."""
    return f"{KIND_WORDS[CellKind.QUEUE]} {place} of {station}"


def read_words(text: str | None) -> tuple[CellKind | None, tuple[int, str] | None]:
    """The kind that a description says, if it does, and the place in a queue and its station."""
    match = re.fullmatch(r"queue cell (\d+) of (.+)", text or "", re.DOTALL)
    if match:
        return CellKind.QUEUE, (int(match[1]), match[2])
    return _KINDS.get(text or ""), None

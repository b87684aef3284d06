"""The tables of a fault file: keys that each kind of fault takes, and figures they can have."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isfinite

import msgspec

from gridfleet.typed_files import suggest
from twin.faults import DEFAULT_KINDS, FaultKind

K = FaultKind
Cell = tuple[int, int]


class FaultTable(msgspec.Struct, frozen=True, kw_only=True):
    """One [[fault]], with the keys of all kinds; docs/faults.md says what they mean."""

    kind: str
    at: float | str | None = None
    unit: int | None = None
    minutes: float | None = None
    seconds: float | None = None
    factor: float | None = None
    times: int | None = None
    where: str | None = None
    removed: bool | None = None
    back_minutes: float | None = None
    cell: Cell | None = None
    cells: list[Cell] | None = None
    zone: str | None = None
    loss: float | None = None
    duplicate: float | None = None
    delay_s: float | None = None
    reorder: float | None = None
    point: str | None = None
    speed_m_s: float | None = None
    margin: int | None = None


class RandomTable(msgspec.Struct, frozen=True, kw_only=True):
    """[random]: faults drawn from a seed, besides those written down. kinds: none stands for
    DEFAULT_KINDS; each comes as often as the others."""

    faults_per_hour: float = 0.0
    kinds: list[str] = []
    seed: int = 0

    def faults(self) -> Iterator[str]:
        """What is wrong with it, one message each."""
        if not 0.0 <= self.faults_per_hour < 1e6:
            yield f"random.faults_per_hour is {self.faults_per_hour:g}; give 0 or more"
        if self.seed < 0:
            yield f"random.seed is {self.seed}; give 0 or more"
        for kind in self.kinds:
            if kind not in list(K):
                yield f"random.kinds has {kind!r}; {suggest(kind, K)}"

    def rates(self) -> dict[FaultKind, float]:
        """Faults an hour of each kind."""
        kinds = [K(kind) for kind in self.kinds] or list(DEFAULT_KINDS)
        return dict.fromkeys(kinds, self.faults_per_hour / len(set(kinds)))


NEEDED_AND_MORE: dict[FaultKind, tuple[set[str], set[str]]] = {
    K.STOP: ({"at", "unit", "minutes"}, set()),
    K.SLOW: ({"at", "unit", "minutes", "factor"}, set()),
    K.DIE: ({"at", "unit"}, {"minutes", "where", "removed", "back_minutes"}),
    K.REBOOT: ({"at", "unit"}, {"seconds", "where"}),
    K.LOSE_PLACE: ({"at", "unit", "minutes"}, set()),
    K.LOW_BATTERY: ({"at", "unit", "minutes"}, set()),
    K.LIFT_FAILS: ({"at", "unit"}, {"times"}),
    K.BLOCK_CELL: ({"at", "cell", "minutes"}, set()),
    K.LINK_DOWN: ({"at", "minutes"}, {"unit"}),
    K.LINK_NOISE: (set(), {"at", "minutes", "unit", "loss", "duplicate", "delay_s", "reorder"}),
    K.KILL_CONTROLLER: ({"at"}, {"seconds", "point"}),
    K.CLOSE_AREA: ({"at", "minutes"}, {"cells", "zone", "speed_m_s", "margin"}),
    K.PAUSE: ({"at", "unit", "minutes"}, set()),
    K.PAUSE_ALL: ({"at", "minutes"}, set()),
    K.DRAIN: ({"at", "minutes"}, set()),
}
"""Keys that an entry of each kind has to have, and those that it may have."""
_RANGES = {
    "minutes": (0.0, inf, "give more than 0"),
    "seconds": (0.0, inf, "give more than 0"),
    "back_minutes": (0.0, inf, "give more than 0"),
    "factor": (0.0, 1.0, "give a share of the speed between 0 and 1"),
    "times": (0, 128, "give 1 to 127"),
    "loss": (-1e-9, 1.0 + 1e-9, "give a share of messages between 0 and 1"),
    "duplicate": (-1e-9, 1.0 + 1e-9, "give a share of messages between 0 and 1"),
    "reorder": (-1e-9, 1.0 + 1e-9, "give a share of messages between 0 and 1"),
    "delay_s": (-1e-9, 3600.0, "give 0 or more seconds, less than an hour"),
    "speed_m_s": (-1e-9, inf, "give 0 for no limit, or more"),
    "margin": (-1, inf, "give 0 or more cells"),
}
"""Figures have to be between these two, neither included."""


def key_faults(kind: FaultKind, table: FaultTable, name: str) -> Iterator[str]:
    """Keys that the kind does not take, and those that it needs."""
    needed, more = NEEDED_AND_MORE[kind]
    keys = [key for key, value in msgspec.structs.asdict(table).items() if value is not None]
    for key in keys:
        if key not in needed | more | {"kind"}:
            known = ", ".join(k for k in table.__struct_fields__ if k in needed | more)
            yield f"{name}: {kind} takes no key {key!r}; it takes {known}"
    for key in table.__struct_fields__:
        if key in needed and key not in keys:
            yield f"{name}: {kind} needs the key {key!r}"
    if kind is K.DIE and table.back_minutes is not None and not table.removed:
        yield f"{name}: back_minutes is for units that are taken off; write removed = true"
    if kind is K.DIE and table.removed and table.minutes is None:
        yield f"{name}: say in minutes when the unit is taken off"


def figure_faults(table: FaultTable, name: str) -> Iterator[str]:
    """Figures out of their range."""
    for key, value in msgspec.structs.asdict(table).items():
        if value is None or key not in _RANGES:
            continue
        low, high, cure = _RANGES[key]
        if not (isfinite(value) and low < value < high):
            yield f"{name}.{key} is {value:g}; {cure}"

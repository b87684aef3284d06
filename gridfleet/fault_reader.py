"""One entry of a fault file as a Fault of one run: its time, unit and cells are looked up."""

from __future__ import annotations

from enum import StrEnum
from math import inf
from typing import TypeVar

from gridfleet.clock import as_clock, from_clock
from gridfleet.fault_tables import Cell, FaultTable, figure_faults, key_faults
from gridfleet.typed_files import suggest
from layouts import CellKind, Layout
from twin.faults import Fault, FaultKind, KillPoint, Where

K = FaultKind
Word = TypeVar("Word", bound=StrEnum)
START_S, DOWN_S = 30.0, 10.0
"""How long a unit starts, and how long a killed controller is down, where nothing is said."""
_CLOSED = (CellKind.OBSTACLE, CellKind.HUMAN)


class FaultReader:
    """Turns tables into faults for one run, and collects what is wrong with them."""

    def __init__(self, layout: Layout, n_units: int, hours: float) -> None:
        self._layout, self._n_units, self._end_s = layout, n_units, hours * 3600.0
        self.faults: list[str] = []

    def read(self, table: FaultTable, name: str) -> Fault | None:
        """The entry as a Fault, or None and messages that begin with its name."""
        if table.kind not in list(K):
            self.faults.append(f"{name}.kind is {table.kind!r}; {suggest(table.kind, K)}")
            return None
        kind, n_before = K(table.kind), len(self.faults)
        self.faults += key_faults(kind, table, name)
        self.faults += figure_faults(table, name)
        at_s = self._time(table.at, name)
        if table.unit is not None and not 0 <= table.unit < self._n_units:
            self.faults.append(
                f"{name}.unit is {table.unit}; this run has units 0 to {self._n_units - 1}"
            )
        where = self._word(table.where, Where, f"{name}.where", Where.ANYWHERE)
        point = self._word(table.point, KillPoint, f"{name}.point", KillPoint.AFTER_SEND)
        cells = self._cells(kind, table, name)
        if len(self.faults) > n_before:
            return None
        return Fault(
            kind, at_s, _lasts_s(kind, table), unit=-1 if table.unit is None else table.unit,
            cells=cells, name=table.zone or (name if kind is K.CLOSE_AREA else ""),
            factor=table.factor or 1.0, where=where,
            times=(table.times or 1) if kind is K.LIFT_FAILS else 0,
            is_removed=bool(table.removed), back_s=_seconds(table.back_minutes),
            loss=table.loss or 0.0, duplicate=table.duplicate or 0.0,
            delay_s=table.delay_s or 0.0, reorder=table.reorder or 0.0, point=point,
            speed_m_s=table.speed_m_s or 0.0, margin=2 if table.margin is None else table.margin,
        )  # fmt: skip

    def _time(self, at: float | str | None, name: str) -> float:
        """Seconds of the run: a number, or h:mm:ss."""
        at_s = from_clock(at) if isinstance(at, str) else float(at or 0.0)
        if at_s is None:
            self.faults.append(
                f'{name}.at is {at!r}; write "h:mm:ss" like "0:05:30", or a number of seconds'
            )
            return 0.0
        if not 0.0 <= at_s < self._end_s:
            told = f"{at:g} s" if isinstance(at, float | int) else at
            self.faults.append(
                f"{name}.at is {told}, and the run lasts from 0:00:00 to {as_clock(self._end_s)}; "
                "give a time within it, or make the run longer"
            )
        return at_s

    def _word(self, word: str | None, kind: type[Word], key: str, default: Word) -> Word:
        if word is None:
            return default
        if word not in list(kind):
            self.faults.append(f"{key} is {word!r}; {suggest(word, kind)}")
            return default
        return kind(word)

    def _cells(self, kind: FaultKind, table: FaultTable, name: str) -> tuple[int, ...]:
        if kind is K.BLOCK_CELL and table.cell is not None:
            return self._known([table.cell], f"{name}.cell", must_be_open=True)
        if kind is not K.CLOSE_AREA:
            return ()
        if (table.zone is None) == (table.cells is None):
            self.faults.append(f"{name}: an area is either a zone or cells; give one of them")
            return ()
        if table.cells is not None:
            if not table.cells:
                self.faults.append(f"{name}.cells is empty; name at least one cell")
            return self._known(table.cells, f"{name}.cells", must_be_open=False)
        return self._zone(table.zone or "", f"{name}.zone")

    def _zone(self, zone: str, key: str) -> tuple[int, ...]:
        zones = self._layout.zones
        if zone in zones:
            return zones[zone]
        cure = suggest(zone, zones) if zones else "list its cells instead: it has none"
        self.faults.append(f"{key} is {zone!r}, no zone of {self._layout.name}; {cure}")
        return ()

    def _known(self, places: list[Cell], key: str, must_be_open: bool) -> tuple[int, ...]:
        """Cells of rows and columns that count from 1."""
        n_rows, n_cols, found = self._layout.n_rows, self._layout.n_cols, []
        for row, col in places:
            cell = (row - 1) * n_cols + col - 1
            if not (1 <= row <= n_rows and 1 <= col <= n_cols):
                self.faults.append(
                    f"{key} has row {row}, column {col}, off the floor: {self._layout.name} has "
                    f"rows 1 to {n_rows} and columns 1 to {n_cols}"
                )
            elif must_be_open and self._layout.kinds[cell] in _CLOSED:
                kind = CellKind(self._layout.kinds[cell]).name.lower()
                self.faults.append(
                    f"{key} is row {row}, column {col}, a cell of kind {kind}, where no unit "
                    "drives; name another"
                )
            else:
                found.append(cell)
        return tuple(found)


def _lasts_s(kind: FaultKind, table: FaultTable) -> float:
    if kind is K.REBOOT:
        return table.seconds or START_S
    if kind is K.KILL_CONTROLLER:
        return table.seconds or DOWN_S
    return _seconds(table.minutes)


def _seconds(minutes: float | None) -> float:
    return inf if minutes is None else minutes * 60.0

"""Logs of a live fleet: one JSON object a line, on stderr or in a file.

The link and the loop write to the standard loggers `hw_bridge` and `gridfleet`; structlog gives
every line its time, level and fields. Nothing secret is ever handed to a logger.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import structlog

from fleet_control.backend import Condition, FaultCode
from fleet_control.events import EventKind
from gridfleet.live.run import CycleNews, LiveRun
from layouts import GridfleetError

LOGGERS = ("gridfleet", "hw_bridge")
TOLD = frozenset(
    {
        EventKind.FAULT, EventKind.CONDITION, EventKind.STOPPED, EventKind.GOES_ON,
        EventKind.CELL_BLOCKED, EventKind.CELLS_CLOSED, EventKind.ADMITTED, EventKind.NOT_ADMITTED,
        EventKind.REMOVED, EventKind.CUT_OFF, EventKind.SCAN_REFUSED, EventKind.STATION_NOT_READY,
        EventKind.STATION_READY, EventKind.TASK_CANCELLED, EventKind.ORDER_CANCELLED,
        EventKind.AWAITED, EventKind.ALL_PLACED,
    }
)  # fmt: skip
"""Events that somebody may have to act on; all others are in the event log alone."""
WARNINGS = frozenset(
    {
        EventKind.FAULT, EventKind.STOPPED, EventKind.NOT_ADMITTED, EventKind.CUT_OFF,
        EventKind.STATION_NOT_READY, EventKind.SCAN_REFUSED, EventKind.CELL_BLOCKED,
        EventKind.AWAITED,
    }
)  # fmt: skip


class LogError(GridfleetError, OSError):
    """The log cannot be written."""


@contextmanager
def logging_to(path: Path | None) -> Iterator[None]:
    """While entered, what is logged goes to the file, or to stderr. Raises LogError."""
    handler = _handler(path)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_CHAIN,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
        handler.close()


def _handler(path: Path | None) -> logging.Handler:
    if path is None:
        return logging.StreamHandler(sys.stderr)
    try:
        return logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise LogError(
            f"{path}: the log cannot be written: {error.strerror}; choose another with --log"
        ) from None


_CHAIN: list[structlog.typing.Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class EventLogger:
    """Implements gridfleet.live.run.Observer: events that somebody may have to act on, as lines."""

    def __init__(self) -> None:
        self._log = logging.getLogger("gridfleet")
        self._n_told = 0

    def begin(self, run: LiveRun) -> None:
        """What is in the event log already has been told by whoever was here before."""
        self._n_told = len(run.brain.log)

    def cycle_done(self, run: LiveRun, news: CycleNews) -> None:
        if news.skipped:
            self._log.warning(
                "the cycle took too long", extra={"skipped": news.skipped, "time_s": news.time_s}
            )
        rows = run.brain.log.rows_since(self._n_told)
        self._n_told = len(run.brain.log)
        for row in rows:
            kind = EventKind(int(row[1]))
            if kind in TOLD:
                level = logging.WARNING if kind in WARNINGS else logging.INFO
                self._log.log(level, kind.name.lower(), extra=_fields(run, kind, row))


def _fields(run: LiveRun, kind: EventKind, row: tuple[float, ...]) -> dict[str, object]:
    """Names in place of numbers, and only what applies."""
    time_s, _, unit, task, pod, station, order, line, cell, value = row
    head, layout = run.books.head, run.books.ground.layout
    fields: dict[str, object] = {"fleet_time_s": round(time_s, 3)}
    if unit >= 0:
        fields["unit"] = head.units[int(unit)]
    if station >= 0:
        fields["station"] = head.stations[int(station)]
    if cell >= 0:
        fields["place"] = layout.place(int(cell))
    numbers = {"task": task, "pod": pod, "order": order, "line": line}
    fields |= {name: int(number) for name, number in numbers.items() if number >= 0}
    if kind is EventKind.FAULT:
        fields["fault"] = FaultCode(int(value)).name.lower()
    elif kind is EventKind.CONDITION:
        flags = Condition(int(np.int8(value)))
        fields["condition"] = [str(flag.name).lower() for flag in flags]
    elif value:
        fields["value"] = value
    return fields

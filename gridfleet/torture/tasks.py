"""Order lines and trips with pods that were lost or doubled: what was told against the truth."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from fleet_control.events import EventKind
from gridfleet.torture.goods import Goods

Columns = dict[str, NDArray[np.generic]]


def find_lost(goods: Goods, events: Columns, *, is_over: bool) -> list[str]:
    """Lines that were told to be done and are not. If the controller holds all to be done: also
    lines that are not done, and trips that were begun and never ended."""
    told = set(_of_kind(events, "line", EventKind.LINE_DONE))
    told |= set(_of_kind(events, "line", EventKind.RETURN_DONE))
    lost = [
        f"line {line} is lost" + (", though told to be done" if line in told else "")
        for line in goods.open
        if line in told or is_over
    ]
    if is_over:
        opened = set(_of_kind(events, "task", EventKind.TASK_OPENED))
        ended = set(_of_kind(events, "task", EventKind.TASK_DONE))
        ended |= set(_of_kind(events, "task", EventKind.TASK_CANCELLED))
        lost += [f"task {task} never ended" for task in sorted(opened - ended)]
    return lost


def find_doubled(events: Columns) -> list[str]:
    """Trips that ended more than once, and lines told to be done more than once."""
    doubled = []
    for column, kinds in (
        ("task", (EventKind.TASK_DONE,)),
        ("line", (EventKind.LINE_DONE, EventKind.RETURN_DONE)),
    ):
        ended = Counter(number for kind in kinds for number in _of_kind(events, column, kind))
        doubled += [
            f"{column} {number} is told to be done {times} times"
            for number, times in sorted(ended.items())
            if times > 1
        ]
    return doubled


def _of_kind(events: Columns, column: str, kind: EventKind) -> list[int]:
    numbers: list[int] = events[column][events["kind"] == kind].tolist()
    return numbers

"""Legs of a live fleet, from the states in a wire log (hw_bridge.wire_log).

A unit says at once when it begins or ceases to drive, reaches a node, gets on with an action or is
allowed more (VDA 5050, section 6.6), stamped in milliseconds by its own clock. What lies between
two states in which it stands is a run where it has come to another node with the same heading, and
a turn where it has not; where both happened without a stand that it noticed, it is no leg. A unit
notices with its next look, every 40 to 100 ms: it sees the beginning and the end of a leg late by
the same on average, so that what a leg lasted is right on average and wrong by up to one look. The
time between looks is told as the resolution.

Orders say where nodes are and which edges have a speed limit. A run is free if each time that it
was allowed more it was still further from its end than it needs to brake. Legs of queueing are not
in the log: that a unit waits is not said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np

from gridfleet.calibration.unit_talk import Place, Row, UnitTalk
from hw_bridge.vda5050.base import MessageError, decode
from hw_bridge.vda5050.order import Order
from hw_bridge.vda5050.state import State
from hw_bridge.wire.frames import Topic
from hw_bridge.wire_log import Entry, Head, Way, read
from twin.legs import Legs
from twin.unit_model import UnitModel

USUAL_LOOK_S = 0.1
"""Between two looks of a unit that says too little to tell."""
_NOISE_S = 0.002


def legs_of_wire(path: Path, unit: UnitModel) -> Legs:
    """Legs of all units. unit: what they are set to. Raises WireLogError where the file is no wire
    log, OSError where it cannot be read."""
    rows: list[tuple[int, Row]] = []
    steps_s: list[float] = []
    numbers: dict[str, int] = {}
    for serial, row in _rows(path, unit, steps_s):
        rows.append((numbers.setdefault(serial, len(numbers)), row))
    look_s = float(np.quantile(steps_s, 0.01)) if steps_s else USUAL_LOOK_S
    return Legs(
        unit=np.array([number for number, _ in rows], dtype=np.int32),
        kind=np.array([row.kind for _, row in rows], dtype=np.int8),
        is_laden=np.array([row.is_laden for _, row in rows], dtype=np.bool_),
        begin_s=np.array([row.begin_s for _, row in rows], dtype=np.float64),
        end_s=np.array([row.end_s for _, row in rows], dtype=np.float64),
        length=np.array([row.length for _, row in rows], dtype=np.float64),
        cell=np.full(len(rows), -1, dtype=np.int32),
        is_free=np.array([row.is_free for _, row in rows], dtype=np.bool_),
        resolution_s=look_s,
    )


def _rows(path: Path, unit: UnitModel, steps_s: list[float]) -> Iterator[tuple[str, Row]]:
    """Serial and leg, in the order in which they ended. steps_s: filled with the seconds between
    two states of a unit that say something new."""
    places: dict[str, Place] = {}
    talks: dict[str, UnitTalk] = {}
    lives: dict[str, int] = {}
    told_s: dict[str, float] = {}
    for _, entry in read(path):
        if isinstance(entry, Head):
            for talk in talks.values():
                talk.begin_anew()
        if not isinstance(entry, Entry) or entry.topic not in (Topic.ORDER, Topic.STATE):
            continue
        serial = entry.serial
        talk = talks.setdefault(serial, UnitTalk(unit, places))
        try:
            if entry.way is Way.DOWN:
                talk.send(decode(Order, bytes(entry.payload)))
                continue
            state = decode(State, bytes(entry.payload))
            time_s = datetime.fromisoformat(state.timestamp).timestamp()
        except (MessageError, ValueError):
            continue  # what is wrong with it is for check-log to say
        if lives.get(serial) != entry.link.session:
            lives[serial] = entry.link.session
            talk.begin_anew()
        step_s = time_s - told_s.get(serial, time_s)
        if step_s > _NOISE_S:
            steps_s.append(step_s)
        told_s[serial] = time_s
        for row in talk.hear(state, time_s):
            yield serial, row

"""Headers of the controller's messages: each topic of each device is counted by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hw_bridge.roster import Roster
from hw_bridge.vda5050.base import VERSION, timestamp
from hw_bridge.wire.frames import Topic

UINT32_MASK = 0xFFFFFFFF


class Headers:
    """wall: seconds since 1970 UTC, for people."""

    def __init__(self, roster: Roster, wall: Callable[[], float] = time.time) -> None:
        self._wall, self._stamp, self._stamp_ms = wall, "", -1
        self._units = [
            {"version": VERSION, "manufacturer": roster.maker(serial), "serial_number": serial}
            for serial in roster.units
        ]
        self._counts: dict[tuple[int, Topic], int] = {}

    def next(self, unit: int, topic: Topic) -> dict[str, Any]:
        count = self._counts.get((unit, topic), 0)
        self._counts[unit, topic] = (count + 1) & UINT32_MASK
        now_s = self._wall()
        if int(now_s * 1000.0) != self._stamp_ms:
            self._stamp_ms, self._stamp = int(now_s * 1000.0), timestamp(now_s)
        return {"header_id": count, "timestamp": self._stamp, **self._units[unit]}

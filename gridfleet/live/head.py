"""What the journal of a live run says about its fleet, beside the scenario."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from fleet_control.journal import Header, JournalError
from gridfleet.journal_head import header_of
from gridfleet.scenario import Scenario
from layouts import Layout


class LiveHead(msgspec.Struct, frozen=True, kw_only=True):
    """units: serials, in the order of their numbers. stations: names, in that of the layout.
    begin_unix_s: when the time of the fleet was 0. speed: seconds of the fleet in a second of the
    clock; 1 but for emulated units. until_s: planned end, None for none. reserve: serials of units
    that are not on the floor at the start."""

    units: tuple[str, ...]
    stations: tuple[str, ...]
    begin_unix_s: float
    speed: float = 1.0
    until_s: float | None = None
    reserve: tuple[str, ...] = ()


def live_header(scenario: Scenario, layout: Layout, head: LiveHead) -> Header:
    """The head of a new journal."""
    live = msgspec.json.encode(head).decode()
    return replace(header_of(scenario, layout), live=live)


def live_head_of(path: Path, header: Header) -> LiveHead:
    """Raises JournalError for the journal of a simulated run."""
    if not header.live:
        raise JournalError(
            f"{path} is the journal of a simulated run; go on with it by gridfleet resume, or name "
            "another file for the fleet"
        )
    try:
        return msgspec.json.decode(header.live, type=LiveHead)
    except msgspec.MsgspecError as error:
        raise JournalError(f"{path}: what it says of its fleet cannot be read: {error}") from None

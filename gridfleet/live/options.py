"""What the owner of a live fleet says about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gridfleet.scenario import Scenario
from layouts import GridfleetError


class ServeError(GridfleetError, ValueError):
    """What was asked for cannot be served; a line for each fault."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What to serve. scenario: all of it; given: the keys of it that were named. keys: None for no
    keys. control: address for operators, "" for none. metrics: port, None for none. hours: planned
    end, None for none. speed: of emulated units. patience_s: how long units are waited for at the
    start, by the clock. mqtt: address of a broker, "" for none; mqtt_units: serials of the vehicles
    behind it; mqtt_password, mqtt_ca: files with the password and with certificates. reserve:
    serials of units that will get a key later. Both kinds of serials are of a new journal. without:
    serials of units that are not on the floor, as far as nobody knows better."""

    scenario: Scenario
    given: tuple[str, ...]
    binds: tuple[str, ...]
    keys: Path | None
    journal: Path
    control: str = ""
    metrics: int | None = None
    hours: float | None = None
    speed: float = 1.0
    patience_s: float = 3.0
    wire_log: Path | None = None
    mqtt: str = ""
    mqtt_interfaces: tuple[str, ...] = ()
    mqtt_units: tuple[str, ...] = ()
    mqtt_password: Path | None = None
    mqtt_ca: Path | None = None
    reserve: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    insecure_plaintext_on_network: bool = False

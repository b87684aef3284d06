"""Which devices there are: serials of drive units and names of stations, in the order of their
numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet_control.errors import FleetError
from hw_bridge.vda5050.base import MANUFACTURER
from hw_bridge.wire.errors import WireError
from hw_bridge.wire.keys import Role, check_serial


class RosterError(FleetError, ValueError):
    """Serials that cannot be those of a fleet; all faults of the roster, a line each."""


@dataclass(frozen=True, slots=True)
class Roster:
    """units: serials; unit 0 is the first. stations: serials of terminals, as in Layout.stations.
    makers: manufacturers by serial, of units that are not of the usual one."""

    units: tuple[str, ...]
    stations: tuple[str, ...] = ()
    makers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = []
        for serial, n_times in Counter(self.units + self.stations).items():
            try:
                check_serial(serial)
            except WireError as error:
                faults.append(str(error))
            if n_times > 1:
                faults.append(f"{serial}: is on the roster {n_times} times")
        unknown = sorted(set(self.makers) - set(self.units))
        faults += [f"{serial}: has a manufacturer but is no unit" for serial in unknown]
        if faults:
            raise RosterError("\n".join(faults))

    def maker(self, serial: str) -> str:
        return self.makers.get(serial, MANUFACTURER)

    def roles(self) -> dict[str, Role]:
        units = dict.fromkeys(self.units, Role.UNIT)
        return units | dict.fromkeys(self.stations, Role.STATION)

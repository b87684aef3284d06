"""Which units and stations a live fleet has: those with keys, on the floor that they are for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridfleet.live.head import LiveHead
from gridfleet.typed_files import suggest
from hw_bridge.roster import Roster
from hw_bridge.wire.keys import KeyStore, Role
from layouts import GridfleetError, Layout
from layouts.words import listed

MOST_TOLD = 8
"""Serials in a message; of more it says how many."""


class FleetKeysError(GridfleetError, ValueError):
    """Keys that do not make the fleet that was asked for; a line for each fault."""


def plain_serials(n_units: int) -> list[str]:
    """Units of a fleet without keys: U0001 and so on."""
    return [f"U{number:04d}" for number in range(1, n_units + 1)]


def unit_serials(store: KeyStore | None, n_wanted: int, others: tuple[str, ...] = ()) -> list[str]:
    """Serials of units that connect with a key, of all that have one where `n_wanted` is 0.

    others: units of the fleet that come another way. Raises FleetKeysError."""
    n_needed = max(n_wanted - len(others), 0 if others else 1)
    if store is None:
        if not n_wanted and not others:
            raise FleetKeysError(
                "without keys nobody knows how many units there are; give --robots"
            )
        return plain_serials(max(n_wanted - len(others), 0))
    serials = [entry.serial for entry in store.devices(Role.UNIT) if entry.serial not in others]
    if len(serials) < n_needed:
        raise FleetKeysError(
            f"{store.folder}: {len(serials)} units have keys here, {n_needed} or more are needed; "
            "make them by gridfleet keys add"
        )
    return serials[: n_wanted - len(others)] if n_wanted else serials


def check_without(without: Sequence[str], units: Sequence[str]) -> None:
    """Raises FleetKeysError for serials that are not on the roster."""
    unknown = [serial for serial in without if serial not in units]
    if unknown:
        raise FleetKeysError(
            "\n".join(
                f"--without {serial}: no such unit is on the roster; {suggest(serial, units, 12)}"
                for serial in unknown
            )
        )


def roster_of(head: LiveHead) -> Roster:
    return Roster(units=head.units, stations=head.stations)


def notes_on_keys(
    store: KeyStore, head: LiveHead, layout: Layout, has_broker: bool
) -> Iterator[str]:
    """What about the keys somebody has to know: nobody is kept from starting by it. has_broker:
    units without a key may come over it."""
    known = {entry.serial for entry in store.devices()}
    wanted = head.stations if has_broker else (*head.units, *head.stations)
    without = [serial for serial in wanted if serial not in known]
    if without:
        yield (
            f"on the roster and without a key: {listed(without, MOST_TOLD)}. They cannot connect; "
            "make keys by gridfleet keys add"
        )
    units = {entry.serial for entry in store.devices(Role.UNIT)} - set(head.units)
    if units:
        yield (
            f"{listed(sorted(units), MOST_TOLD)} have keys and are not on the roster of this "
            "journal, so they are not heard and have to be off the floor; a new journal takes them "
            "in"
        )
    stations = {entry.serial for entry in store.devices(Role.STATION)} - set(head.stations)
    if stations:
        names = ", ".join(station.name for station in layout.stations[:8])
        told = listed(sorted(stations), MOST_TOLD)
        yield f"{told}: no station of the floor is called so; it has {names}"

"""Fault files on emulated fleets: what befalls units and links, the same as in simulated runs.

What people do at the controller, and the controller's own death, cannot be done from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from gridfleet.emulator.errors import EmulatorError
from gridfleet.emulator.floor import Floor
from gridfleet.emulator.link_faults import DeviceNoise
from gridfleet.emulator.units import EmulatedUnits
from gridfleet.fault_file import read_faults
from layouts import Layout
from twin.faults import (
    OPERATION_KINDS,
    Fault,
    FaultInjector,
    FaultKind,
    FaultSchedule,
    FaultTargets,
)

MOST_LISTED = 8


@dataclass(frozen=True, slots=True)
class NoBooks:
    """The controller's books cannot be seen from the floor; nothing here asks for them."""

    def is_held(self, cell: int) -> bool:
        return True

    def is_admitted(self, unit: int) -> bool:
        return False


def read_unit_faults(
    path: Path, layout: Layout, n_units: int, hours: float, done_s: float = 0.0
) -> FaultSchedule:
    """The faults of the file that are still to come at `done_s` seconds of the fleet's time.

    Raises FaultFileError, and EmulatorError for faults that cannot happen to an emulator."""
    schedule = read_faults(path, layout, n_units, hours)
    wrong = list(_impossible(schedule))
    if wrong:
        more = [f"and {len(wrong) - MOST_LISTED} more"] if len(wrong) > MOST_LISTED else []
        raise EmulatorError("\n".join(f"{path}: {line}" for line in wrong[:MOST_LISTED] + more))
    return FaultSchedule(tuple(fault for fault in schedule.faults if fault.at_s >= done_s))


def _impossible(schedule: FaultSchedule) -> Iterator[str]:
    for fault in schedule.faults:
        if (why := _why_not(fault)) is not None:
            yield f"{fault.kind} at {fault.at_s:g} s: {why}"


def _why_not(fault: Fault) -> str | None:
    if fault.kind is FaultKind.KILL_CONTROLLER:
        return "the controller is another process; kill it and start it again"
    if fault.kind in OPERATION_KINDS:
        return "that is asked of the controller; use gridfleet ctl"
    if fault.is_removed and isfinite(fault.back_s):
        return (
            "putting a unit back takes somebody at the controller who closes the cell first; leave "
            "out back_minutes, and the unit stays away"
        )
    return None


def injector_of(
    schedule: FaultSchedule, floor: Floor, units: EmulatedUnits, noise: DeviceNoise
) -> FaultInjector:
    targets = FaultTargets(floor.twin, units, noise, NoBooks())
    return FaultInjector(schedule, targets, floor.layout)

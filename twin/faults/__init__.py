"""Faults of a simulated run: schedules of them, and what lets them happen."""

from twin.faults.injector import FaultInjector
from twin.faults.random_faults import DEFAULT_KINDS, random_schedule
from twin.faults.schedule import (
    LINK_KINDS,
    OPERATION_KINDS,
    Fault,
    FaultKind,
    FaultRecord,
    FaultSchedule,
    KillPoint,
    Where,
    schedule_of,
)
from twin.faults.targets import Books, FaultTargets, LinkFaults, Units

__all__ = [
    "DEFAULT_KINDS",
    "LINK_KINDS",
    "OPERATION_KINDS",
    "Books",
    "Fault",
    "FaultInjector",
    "FaultKind",
    "FaultRecord",
    "FaultSchedule",
    "FaultTargets",
    "KillPoint",
    "LinkFaults",
    "Units",
    "Where",
    "random_schedule",
    "schedule_of",
]

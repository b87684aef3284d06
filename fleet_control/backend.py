"""The seam between deciding and moving: what a fleet is told (Commands) and what it says (Reports).

Everything crosses in columns, one numpy array per field and one row per unit or station concerned.
A unit's work is a numbered stream of steps: step 0 is the cell it stood on at `connect`, every
later step drives one cell or acts in place. A released step may be executed at once and is never
taken back. The same controller drives a twin, real units or a test double; none of it can tell
which (docs/decisions/0001-the-seam.md). What is said here is checked by tests/conformance, which
every backend has to pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Codes = NDArray[np.int8]


class Act(IntEnum):
    """What a step does."""

    DRIVE = 0
    """Go to the centre of the neighbouring cell `cell`; turning is part of it."""
    LIFT = 1
    """Raise the plate under the pod that stands on this cell."""
    LOWER = 2
    """Set the carried pod down on this cell."""


@dataclass(frozen=True, slots=True, eq=False)
class Releases:
    """Steps that units may now execute.

    Rows of one unit follow each other, each one step after the row before and the first one step
    after the last that was released to the unit. Steps are done in that order, as soon as the unit
    can; a straight run over several released cells does not stop between them.

    units: int32[k]. steps: int32[k], number in the unit's own stream. cells: int32[k], target cell:
    next to the cell of the step before for DRIVE, the same cell for LIFT and LOWER. acts: int8[k],
    Act.
    """

    units: Ints
    steps: Ints
    cells: Ints
    acts: Codes


@dataclass(frozen=True, slots=True, eq=False)
class StationJobs:
    """Work for the people at stations, given when the pod stands on the service cell.

    One row per line to handle. A station works its lines one after another in the order given,
    whatever their job; stations do not wait for each other.

    stations: int32[k], index in Layout.stations. jobs: int32[k], the controller's number of the
    job, repeated in the reports. lines: int32[k], the controller's number of the order line.
    quantities: int32[k], units to pick (positive) or to put in (negative).
    """

    stations: Ints
    jobs: Ints
    lines: Ints
    quantities: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Where units go on once it is released to them: news, not a permission.

    A unit that has done all its released steps and whose next is a DRIVE to that cell may turn to
    it where it stands, and saves the time when the release comes. A backend may ignore it.

    units: int32[k]. steps: int32[k], the step after the last released one. cells: int32[k], its
    target cell.
    """

    units: Ints
    steps: Ints
    cells: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Commands:
    """All that the controller wants done after one control cycle."""

    releases: Releases
    station_jobs: StationJobs
    outlook: Outlook = field(default_factory=lambda: no_outlook())


@dataclass(frozen=True, slots=True, eq=False)
class Reports:
    """What happened until `time_s`: unit rows and station rows, each piece of news once.

    time_s: the backend's own time, never before that of the reports before.
    units: int32[k], ascending, only units of which a number below has changed.
    done: int32[k], latest step completed; for DRIVE its cell centre has been reached, perhaps
    passed at full speed. Never beyond what was released.
    cleared: int32[k], all visits before this step are over: chassis and carried pod lie within the
    cells of steps `cleared` to `done + 1`. The only proof on which a cell is freed, so it must hold
    at `time_s` and for ever after. At most done + 1, and never beyond the last released step. A
    unit that has done all its steps and stands says cleared = done, or it would block others for
    ever.
    faults: int8[k], 0 or a FaultCode. A unit with a fault stays where it is and does no further
    step; others are not affected.
    line_stations, line_jobs, lines: int32[m], order lines finished by people, in the order of
    finishing. line_times_s: float64[m], ascending, none after time_s.
    """

    time_s: float
    units: Ints
    done: Ints
    cleared: Ints
    faults: Codes
    line_stations: Ints
    line_jobs: Ints
    lines: Ints
    line_times_s: NDArray[np.float64]


class FaultCode(IntEnum):
    """Why a unit cannot go on."""

    NONE = 0
    NO_POD = 1
    """LIFT with no pod above, or LOWER with none carried."""
    POD_IN_THE_WAY = 2
    """LIFT while carrying a pod, or LOWER where another one stands."""


@dataclass(frozen=True, slots=True, eq=False)
class FleetState:
    """The truth at `connect`: start-up and restart both begin from it.

    cells: int32[n_units], all different. headings: int8[n_units]. carried_pods: int32[n_units], pod
    index or -1. pod_cells: int32[n_pods], cell of each standing pod, -1 when carried.
    """

    time_s: float
    cells: Ints
    headings: Codes
    carried_pods: Ints
    pod_cells: Ints


class Backend(Protocol):
    """Whatever executes releases."""

    def connect(self) -> FleetState:
        """Where everything is now; every unit begins a new stream there.

        No step that was released before may still be open, since a released step is never taken
        back: a controller that restarts lets time pass until all units stand. FleetError otherwise,
        with nothing changed. A unit with a fault is an exception: it stands, its open steps lapse,
        and its fault is news again."""

    def send(self, commands: Commands) -> None:
        """Hand over new releases and station jobs. Never blocks on motion.

        Raises InvariantError for releases that do not continue a unit's stream; then nothing of
        these commands is done."""

    def advance(self, until_s: float) -> Reports:
        """Let time pass until `until_s` and return the news: the only way time passes.

        As near to `until_s` as the backend's clock can; an `until_s` that is not ahead lets none
        pass."""

    def close(self) -> None:
        """Let go of whatever the backend holds. May be called again; the rest may not."""


def empty_ints() -> Ints:
    return np.empty(0, dtype=np.int32)


def no_releases() -> Releases:
    return Releases(empty_ints(), empty_ints(), empty_ints(), np.empty(0, dtype=np.int8))


def no_outlook() -> Outlook:
    return Outlook(empty_ints(), empty_ints(), empty_ints())


def no_station_jobs() -> StationJobs:
    return StationJobs(empty_ints(), empty_ints(), empty_ints(), empty_ints())

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
from enum import IntEnum, IntFlag
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
    Act. speeds_m_s: float32[k], limit of each DRIVE, inf where there is none; None: no limits.
    """

    units: Ints
    steps: Ints
    cells: Ints
    acts: Codes
    speeds_m_s: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StationJobs:
    """Work for the people at stations, given when the pod stands on the service cell.

    One row per line to handle. A station works its lines one after another in the order given,
    whatever their job; stations do not wait for each other.

    stations: int32[k], index in Layout.stations. jobs: int32[k], the controller's number of the
    job, repeated in the reports. lines: int32[k], the controller's number of the order line.
    quantities: int32[k], units to pick (positive) or to put in (negative).
    pods, skus: int32[k], what the person scans to be sure, -1 for nothing; None: nothing at all.
    """

    stations: Ints
    jobs: Ints
    lines: Ints
    quantities: Ints
    pods: Ints | None = None
    skus: Ints | None = None


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


class Request(IntEnum):
    """What a unit is asked beside steps. Asking again for what is so already changes nothing."""

    PAUSE = 0
    """Come to a stand, wherever that is, and stay until RESUME. Confirmed by Condition.PAUSED."""
    RESUME = 1
    CANCEL = 2
    """Come to a stand at the next cell centre possible and give up all steps after it. Confirmed by
    a row of Retractions; until then everything released may still be done."""
    RETRY = 3
    """Try again the step that a fault keeps from being done."""
    ADMIT = 4
    """The unit is welcome where it says it stands (Arrivals); its steps begin there, at 0. It has
    no fault unless it says so afterwards."""
    REMOVE = 5
    """Somebody has seen that the unit is off the floor: it has no steps any more. It comes back by
    being switched on, and is an arrival then wherever it stands. Without this, one that is put back
    among its old steps would be taken to go on with them."""


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """units: int32[k]. kinds: int8[k], Request; several of one unit are meant in this order."""

    units: Ints
    kinds: Codes


@dataclass(frozen=True, slots=True, eq=False)
class Commands:
    """All that the controller wants done after one control cycle. Requests come before releases: a
    unit that is to be cancelled is not released any further in the same commands."""

    releases: Releases
    station_jobs: StationJobs
    outlook: Outlook = field(default_factory=lambda: no_outlook())
    requests: Requests = field(default_factory=lambda: no_requests())


class Condition(IntFlag):
    """How a unit is, beside its faults. A unit with any of these but LOW_BATTERY is released
    nothing; what is released to it already may still be done."""

    PAUSED = 1
    """Stands, as asked, and stays until RESUME."""
    STARTING = 2
    """Has been switched on and does not know yet where it is, or is driven by hand."""
    STALE = 4
    """Has not been heard of for some seconds."""
    LOST = 8
    """Has not been heard of for so long that somebody has to look after it."""
    LOW_BATTERY = 16
    """Goes on, but has to charge soon."""
    ABSENT = 32
    """Not on the floor as far as anybody knows: never admitted, or taken off."""


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """Units whose condition has changed.

    units: int32[k]. flags: int8[k], Condition, all that hold now. sessions: int32[k], how often the
    unit has been switched on; a new number means that it has forgotten its steps.
    """

    units: Ints
    flags: Codes
    sessions: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Retractions:
    """Units that have given up steps: after CANCEL, or since they forgot them.

    units: int32[k]. kept: int32[k], the last step that the unit can still do: those after it will
    never be done, and the next one released is kept + 1. It is done, or done + 1 for a unit that
    has been held between two cells or half way through lifting or lowering. A fault of a step that
    was given up is over.
    """

    units: Ints
    kept: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Units that stand where the controller does not expect them: new, returned, or moved by hand.

    They do nothing until ADMIT. The news is repeated from time to time until then. units: int32[k].
    cells: int32[k]. headings: int8[k]. carried_pods: int32[k], pod index or -1.
    """

    units: Ints
    cells: Ints
    headings: Codes
    carried_pods: Ints


class StationEvent(IntEnum):
    """What a station tells beside finished lines."""

    WRONG_POD = 0
    """Somebody has scanned another pod than the line is for; it is refused, the line still open."""
    WRONG_SKU = 1
    READY = 2
    """Somebody can work there."""
    NOT_READY = 3
    """Nobody can: something is out of order there, nobody is there, or it is not heard of."""


@dataclass(frozen=True, slots=True, eq=False)
class StationNews:
    """stations: int32[k]. events: int8[k], StationEvent. jobs, lines: int32[k], of refused scans,
    else -1."""

    stations: Ints
    events: Codes
    jobs: Ints
    lines: Ints


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
    conditions: Conditions = field(default_factory=lambda: no_conditions())
    retractions: Retractions = field(default_factory=lambda: no_retractions())
    arrivals: Arrivals = field(default_factory=lambda: no_arrivals())
    station_news: StationNews = field(default_factory=lambda: no_station_news())


class FaultCode(IntEnum):
    """Why a unit cannot go on; 0 in a later report when it can again."""

    NONE = 0
    NO_POD = 1
    """LIFT with no pod above, or LOWER with none carried."""
    POD_IN_THE_WAY = 2
    """LIFT while carrying a pod, or LOWER where another one stands."""
    LIFT_FAILED = 3
    """LIFT or LOWER did not work; RETRY may help."""
    PATH_BLOCKED = 4
    """Something that is no unit is in the cell of the next step."""
    LOST_PLACE = 5
    """The unit does not know where it is and stands."""
    BROKEN = 6
    """The unit cannot move and somebody has to come."""


@dataclass(frozen=True, slots=True, eq=False)
class FleetState:
    """The truth at `connect`: start-up and restart both begin from it.

    cells: int32[n_units], where each stands or the last centre it passed, all different; -1 for a
    unit that does not answer, is not on the floor, or has forgotten its steps and does not stand on
    one cell alone. headings: int8[n_units]. carried_pods:
    int32[n_units], pod index or -1. pod_cells: int32[n_pods], cell of each standing pod, -1 when
    carried or not known.
    done, cleared, bases: int32[n_units], steps of units that remember some: as in Reports, and the
    last step each has been released; None where all begin at 0. conditions: of units with any.
    """

    time_s: float
    cells: Ints
    headings: Codes
    carried_pods: Ints
    pod_cells: Ints
    done: Ints | None = None
    cleared: Ints | None = None
    bases: Ints | None = None
    conditions: Conditions = field(default_factory=lambda: no_conditions())


class Backend(Protocol):
    """Whatever executes releases."""

    def connect(self) -> FleetState:
        """Where everything is now, for a controller that starts or starts again.

        A backend that can be reached again while units are under way says in `done` and `bases` how
        far each is, and nothing that an earlier controller sent can reach a unit any more. One that
        cannot begins new streams: no released step may still be open then, or FleetError with
        nothing changed. A unit with a fault is an exception: it stands, its open steps lapse, and
        its fault is news again."""

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


def no_requests() -> Requests:
    return Requests(empty_ints(), np.empty(0, dtype=np.int8))


def no_conditions() -> Conditions:
    return Conditions(empty_ints(), np.empty(0, dtype=np.int8), empty_ints())


def no_retractions() -> Retractions:
    return Retractions(empty_ints(), empty_ints())


def no_arrivals() -> Arrivals:
    return Arrivals(empty_ints(), empty_ints(), np.empty(0, dtype=np.int8), empty_ints())


def no_station_news() -> StationNews:
    return StationNews(empty_ints(), np.empty(0, dtype=np.int8), empty_ints(), empty_ints())


def no_station_jobs() -> StationJobs:
    return StationJobs(empty_ints(), empty_ints(), empty_ints(), empty_ints())

"""The loop of a live fleet: wait, take in, decide, write down, send.

    backend.advance -> operators -> journal.take -> controller -> journal.decide -> backend.send

Nothing is sent that is not on disk. Time goes on whatever happens here: a cycle that took too long
is counted, and those that it ran over are left out. The loop ends when somebody asks for it, when
the planned time is over, or when something breaks; then all units are asked to stand. None of that
frees a cell: what units hold stays theirs, and the next controller finds it in the journal.
"""

from __future__ import annotations

import math
import time as clocks
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from fleet_control.backend import Backend, Commands, Condition, FleetState, Reports
from fleet_control.errors import FleetError, InvariantError
from fleet_control.journal import JournalError
from fleet_control.operations import Operation, OperationKind
from gridfleet.brain import Brain
from gridfleet.clock import as_clock
from gridfleet.live.books import LiveBooks
from gridfleet.record import RunRecord
from gridfleet.wiring.units import CYCLE_S

HALT_S = 2.0
"""For so long units are asked to stand after something has broken, and their answers heard."""


class FleetTime(Protocol):
    """Seconds of the fleet since its run began."""

    def now_s(self) -> float: ...


class Desk(Protocol):
    """Where operators ask (gridfleet.live.desk)."""

    def hear(self, run: LiveRun) -> list[Operation]:
        """What has been asked since the last time and is to be done in this cycle."""

    def answer(self, refusals: Sequence[str]) -> None:
        """It is on disk. One for each that `hear` gave: why it was not done, "" where it was."""


@dataclass(frozen=True, slots=True)
class CycleNews:
    """One cycle that is over. late_s: how long after its time it began. decide_s, commit_s, send_s:
    what it took to decide, to have it on disk, and to send. skipped: cycles that were left out
    since this one, or the waiting before it, took too long."""

    cycle: int
    time_s: float
    late_s: float
    decide_s: float
    commit_s: float
    send_s: float
    skipped: int
    commands: Commands


class Observer(Protocol):
    """Somebody who is told of every cycle: figures, logs."""

    def cycle_done(self, run: LiveRun, news: CycleNews) -> None: ...


class UsurpedError(InvariantError):
    """A later controller commands the fleet; nothing more may be sent by this one."""


class Ending(StrEnum):
    """Why a run is over."""

    PLANNED = "planned"
    ASKED = "asked"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """failure: what broke, None where nothing did. unconfirmed: units that have not said that they
    stand, after a failure."""

    why: Ending
    record: RunRecord
    failure: Exception | None = None
    text: str = ""
    unconfirmed: tuple[int, ...] = ()


class LiveRun:
    """A fleet under control.

    books: the journal, open. backend: whatever executes. time: that the backend lives in. desk:
    None where no operator can ask. until_s: planned end, inf for none. usurper: epoch of a later
    controller that units obey, 0 for none. without: units that are not on the floor, as far as
    nobody knows better when the run starts.

    brain: what decides, from `start` on. cycle: the next one. n_cycles: so far. n_overruns: of
    them, those that were not over when the next was due; n_skipped: cycles left out for that.
    longest_s: the longest time from taking in to having sent.
    """

    def __init__(
        self, books: LiveBooks, backend: Backend, time: FleetTime, *, desk: Desk | None = None,
        observers: Sequence[Observer] = (), until_s: float = math.inf,
        usurper: Callable[[], int] = lambda: 0, without: Sequence[int] = (),
    ) -> None:  # fmt: skip
        self.books, self.backend, self.time = books, backend, time
        self._desk, self._observers, self.until_s = desk, list(observers), until_s
        self._recorder, self._usurper, self._without = books.recorder, usurper, without
        self._to_leave_out: list[int] = []
        self._brain = books.brain
        self.cycle = books.next_cycle
        self.n_skipped = self.n_cycles = self.n_overruns = 0
        self.longest_s = 0.0
        self._began = clocks.monotonic()

    @property
    def has_started(self) -> bool:
        return self._brain is not None

    @property
    def brain(self) -> Brain:
        assert self._brain is not None, "the run has not started"
        return self._brain

    def watch(self, observer: Observer) -> None:
        """Let somebody be told of every cycle from now on."""
        self._observers.append(observer)

    # Starting

    def start(self) -> FleetState:
        """Connect, and bring the books and the fleet together. Raises FleetError for a fleet that
        cannot be begun with; nothing has been sent then."""
        state = self._connect()
        awaited = self.brain.controller.supervisor.roll_call.is_awaited
        self._to_leave_out = [unit for unit in sorted(self._without) if awaited[unit]]
        return state

    @property
    def awaited(self) -> list[int]:
        """Units that nothing moves for until it is known where they stand, or somebody says that
        they are not on the floor."""
        found = self.brain.controller.supervisor.roll_call.awaited()
        return [unit for unit in found if unit not in self._to_leave_out]

    def _connect(self) -> FleetState:
        state = self.backend.connect()
        self._check_alone()
        self.cycle = max(self.cycle, math.ceil(state.time_s / CYCLE_S - 1e-6))
        if self._brain is None:
            check_first(state, self.books.head.units)
            self._recorder.connected(state)
            self._brain = Brain(self.books.ground, state)
            # Follows from the state that is in the journal, so that need not hold it.
            self.backend.send(self._brain.controller.opening)
            return state
        self._recorder.reconnected(self.cycle, state)
        commands = self._brain.reconcile(state)
        self._recorder.decide(self.cycle, commands)
        self.backend.send(commands)
        self.cycle += 1
        return state

    # Running

    def run(self, should_stop: Callable[[], bool]) -> Ended:
        """Cycle after cycle, until something ends it."""
        try:
            while not should_stop():
                if self.cycle * CYCLE_S > self.until_s + 1e-9:
                    return self._end(Ending.PLANNED)
                self._cycle()
            return self._end(Ending.ASKED)
        except Exception as error:
            return self._halt(error)

    def _cycle(self) -> None:
        cycle, due_s = self.cycle, self.cycle * CYCLE_S
        reports = self.backend.advance(due_s)
        self._check_alone()
        late_s = max(self.time.now_s() - due_s, 0.0)
        began = clocks.perf_counter()
        operations = self._desk.hear(self) if self._desk is not None else []
        operations += self._left_out()  # behind what is answered one by one
        self._recorder.take(cycle, reports, operations)
        commands = self.brain.decide(reports, operations)
        decided = clocks.perf_counter()
        self._recorder.decide(cycle, commands)
        written = clocks.perf_counter()
        self.backend.send(commands)
        sent = clocks.perf_counter()
        if self._desk is not None and operations:
            self._desk.answer(self.brain.controller.supervisor.operating.refusals)
        self._recorder.rest(cycle + 1, self.brain)
        skipped = self._skip(cycle)
        self.n_cycles += 1
        self.longest_s = max(self.longest_s, sent - began)
        news = CycleNews(
            cycle, reports.time_s, late_s, decided - began, written - decided, sent - written,
            skipped, commands,
        )  # fmt: skip
        for observer in self._observers:
            observer.cycle_done(self, news)
        if self._recorder.snapshot_cycle == cycle + 1:
            self.brain.log.fold()

    def _left_out(self) -> list[Operation]:
        """Once after each start: an input like all others, so that it is in the journal."""
        units, self._to_leave_out = self._to_leave_out, []
        return [Operation(OperationKind.LEAVE_OUT, unit=unit) for unit in units]

    def _check_alone(self) -> None:
        if epoch := self._usurper():
            raise UsurpedError(
                f"units obey a controller of epoch {epoch}, and this one is of epoch "
                f"{self.books.epoch}: another one commands the fleet now. This one leaves it "
                "alone; see which journal is the right one before you start it again"
            )

    def _skip(self, cycle: int) -> int:
        """The next cycle is the first whose time has not passed. How many were left out."""
        due = math.floor(self.time.now_s() / CYCLE_S + 1e-6)
        self.n_overruns += due > cycle
        self.cycle = max(cycle + 1, due)
        skipped = self.cycle - cycle - 1
        self.n_skipped += skipped
        return skipped

    # Ending

    def _end(self, why: Ending) -> Ended:
        """Nothing more is released; units come to the end of what they have."""
        self._recorder.take_snapshot(self.cycle, self.brain)
        if why is Ending.PLANNED:
            self._recorder.finish(self.cycle)
        return Ended(why, self.record(partial=why is not Ending.PLANNED))

    def _halt(self, error: Exception) -> Ended:
        """Ask everyone to stand, and keep what there is as evidence."""
        self._recorder.abandon()
        is_ours = not isinstance(error, UsurpedError)
        unconfirmed = self._stop_all() if is_ours else ()
        at = f"at {as_clock(self.time.now_s())} h"
        if isinstance(error, UsurpedError):
            text = f"{at} {error}"
        elif isinstance(error, InvariantError):
            text = f"a safety invariant broke {at}: {error}"
        elif isinstance(error, JournalError | FleetError):
            text = f"the fleet cannot be controlled any more, {at}: {error}"
        else:
            text = f"the controller failed {at}: {type(error).__name__}: {error}"
        return Ended(Ending.BROKEN, self.record(partial=True), error, text, unconfirmed)

    def _stop_all(self) -> tuple[int, ...]:
        """Units that have not said that they stand. Whatever fails here too, units stop by
        themselves when they hear nothing more."""
        brain, paused = self.brain, set[int]()
        here = set(np.flatnonzero(brain.controller.executor.is_present).tolist())
        try:
            self.backend.send(brain.controller.halt())
            for _ in range(round(HALT_S / CYCLE_S)):
                reports = self.backend.advance(self.time.now_s() + CYCLE_S)
                paused |= _paused(reports)
                if here <= paused:
                    break
        except Exception:  # the first failure is the one to be told
            pass
        return tuple(sorted(here - paused))

    def record(self, *, partial: bool) -> RunRecord:
        """What there is of the run."""
        return self.brain.record(
            min(self.time.now_s(), self.until_s), clocks.monotonic() - self._began, partial=partial
        )


def _paused(reports: Reports) -> set[int]:
    rows = reports.conditions
    return set(rows.units[(rows.flags & Condition.PAUSED) != 0].tolist())


def check_first(state: FleetState, names: Sequence[str]) -> None:
    """A new run takes pods to stand where it has put them on paper. Raises FleetError for units
    that carry one, all of them."""
    laden = np.flatnonzero(state.carried_pods >= 0).tolist()
    if laden:
        told = ", ".join(names[unit] for unit in laden[:8]) + (", ..." if len(laden) > 8 else "")
        raise FleetError(
            f"a new journal begins with all pods in storage, and these units carry one: {told}. "
            "Go on with the journal that they worked for, or set the pods down and put every pod "
            "where the scenario has it"
        )

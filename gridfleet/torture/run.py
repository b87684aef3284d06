"""One case from its first cycle to its last, watched by the oracle at every cycle.

Faults happen for a while; then everything that can be done has to be done within `REST_S`, or the
case counts as stuck. What breaks the controller ends the case and is told.
"""

from __future__ import annotations

import math
import traceback

from gridfleet.torture.brain import Brain
from gridfleet.torture.case import Case, draw_case
from gridfleet.torture.faults import Fault, KillPoint, draw_faults
from gridfleet.torture.goods import goods_of
from gridfleet.torture.oracle import BodySizes, Oracle, Violation, say_waits
from gridfleet.torture.result import CaseResult
from gridfleet.torture.tasks import find_doubled, find_lost
from gridfleet.torture.trouble import Trouble
from gridfleet.torture.witness import scene_of, waits_of
from gridfleet.torture.world import World
from gridfleet.wiring.units import CYCLE_S

REST_S = 900.0
"""After the last fault, far more than any case needs that goes on at all."""
CYCLES_A_CHECK = 5
"""Control cycles between two looks whether everything is done."""


def run_case(seed: int) -> CaseResult:
    """Draw the case of the seed and run it."""
    case = draw_case(seed)
    return CaseRun(case, draw_faults(case)).run()


class CaseRun:
    """A case wired up. `run` runs it once."""

    def __init__(self, case: Case, faults: list[Fault]) -> None:
        self.case = case
        self.world = World(case)
        self.trouble = Trouble(faults, self.world, case.layout)
        self.brain = Brain(case, self.world.backend.connect())
        unit, layout = case.unit, case.layout
        sizes = BodySizes(
            unit.length_m, unit.width_m, unit.pod_side_m, layout.cell_size_m, unit.pod_turns,
            layout.wall_gap_m,
        )  # fmt: skip
        self.oracle = Oracle(case.layout, sizes, case.n_units, len(case.pod_cells))
        self.goods = goods_of(case)
        self._cycle = 0

    @property
    def now_s(self) -> float:
        return self._cycle * CYCLE_S

    def run(self) -> CaseResult:
        """To the end of the work, or until it is stuck or the controller breaks."""
        halt: list[Violation] = []
        is_stuck = False
        try:
            is_stuck = not self._drive()
        except Exception as error:  # whatever ends the controller is what is looked for
            halt.append(Violation(self.now_s, "halted", _say_error(error)))
        if is_stuck:
            halt += [Violation(self.now_s, "stuck", what) for what in self._say_stuck()]
        return self._result(halt, is_stuck)

    def _drive(self) -> bool:
        """Cycle by cycle; whether everything was done in time."""
        while not self._is_over():
            if self.now_s >= self.trouble.ends_s + REST_S:
                return False
            kill = self.trouble.due_kill(self.now_s)
            is_down = self._step(kill.point if kill is not None else None)
            if kill is not None and is_down:
                self._go_without(kill)
            self._cycle += 1
        return True

    def _step(self, killed_at: KillPoint | None) -> bool:
        """One control cycle; the oracle looks when its commands are out. Whether the controller was
        killed in it."""
        world, brain = self.world, self.brain
        operations = self.trouble.act(self.now_s, brain.mind.controller)
        reports = world.backend.advance(self.now_s)
        self._note_handlings()
        if killed_at is KillPoint.BEFORE_JOURNAL:
            self.trouble.ask_again(operations)
            return True
        commands = brain.step(reports, operations)
        if killed_at is KillPoint.BEFORE_SEND:
            return True
        world.backend.send(commands)
        self._look()
        return killed_at is KillPoint.AFTER_SEND

    def _go_without(self, kill: Fault) -> None:
        """The controller is dead for a while; what it held is what it will hold again."""
        for _ in range(math.ceil(kill.lasts_s / CYCLE_S)):
            self._cycle += 1
            self.trouble.ask_again(self.trouble.act(self.now_s, self.brain.mind.controller))
            self.world.drift(self.now_s)
            self._note_handlings()
            self._look()
        self.brain.recover(self.world.backend)
        self._cycle = max(self._cycle, math.ceil(self.world.twin.time_s / CYCLE_S - 1e-6))
        self._note_handlings()
        self._look()

    def _look(self) -> None:
        self.oracle.look(scene_of(self.world, self.brain.mind.controller))

    def _note_handlings(self) -> None:
        world = self.world
        for handling in world.people.take_handlings(world.twin, world.loads()):
            self.goods.note(handling)

    def _is_over(self) -> bool:
        """The faults are over, all orders are done, and no unit has anything left to do."""
        if self._cycle % CYCLES_A_CHECK or not self.trouble.is_over:
            return False
        return self.brain.is_done

    def _say_stuck(self) -> list[str]:
        n_open = len(self.goods.open)
        told = f"{n_open} lines are not done, {REST_S:g} s after the last fault"
        away = [f"unit {unit} is not back on the floor" for unit in self.trouble.away]
        return [told, *away, *say_waits(self.case.layout, waits_of(self.brain.mind.controller))]

    def _result(self, halt: list[Violation], is_stuck: bool) -> CaseResult:
        contacts = [
            Violation(contact.time_s, "overlap", f"unit {contact.unit} touched {contact.other}")
            for contact in self.world.twin.take_contacts()
        ]
        events = self.brain.mind.log.columns()
        lost = find_lost(self.goods, events, is_over=not halt)
        doubled = find_doubled(events)
        tasks = [Violation(self.now_s, "goods", what) for what in lost + doubled]
        found = [*self.oracle.violations, *contacts, *self.goods.violations, *tasks, *halt]
        found.sort(key=lambda violation: violation.time_s)
        return CaseResult(
            seed=self.case.seed,
            faults=dict(self.trouble.counts),
            overlaps=sum(violation.kind == "overlap" for violation in found),
            lost_tasks=len(lost),
            doubled_tasks=len(doubled) + len(self.goods.doubled),
            is_stuck=is_stuck,
            violations=tuple(found),
            sim_s=self.now_s,
        )


def _say_error(error: Exception) -> str:
    """What it is, and the innermost place of ours that it came from."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({frame.name} in {frame.filename}:{frame.lineno})"

"""One case from its first cycle to its last, watched by the oracle at every cycle.

Faults happen for a while; then everything that can be done has to be done within `REST_S`, or the
case counts as stuck. What breaks the controller ends the case and is told.
"""

from __future__ import annotations

from fleet_control.backend import Reports
from gridfleet.torture.brain import Brain
from gridfleet.torture.case import Case, draw_case
from gridfleet.torture.faults import Faults, Kill, Kills
from gridfleet.torture.goods import goods_of
from gridfleet.torture.oracle import BodySizes, Oracle, Violation, say_waits
from gridfleet.torture.result import CaseResult
from gridfleet.torture.tasks import find_doubled, find_lost
from gridfleet.torture.witness import scene_of, waits_of
from gridfleet.torture.world import DirectWorld, World
from gridfleet.wiring.units import CYCLE_S
from twin.unit_model import DEFAULT_UNIT

REST_S = 900.0
"""After the last fault, far more than any case needs that goes on at all."""
CYCLES_A_CHECK = 5
"""Control cycles between two looks whether everything is done."""


def run_case(seed: int) -> CaseResult:
    """Draw the case of the seed and run it."""
    case = draw_case(seed)
    return CaseRun(case, DirectWorld(case), Kills(seed, case.faults_s)).run()


class CaseRun:
    """A case wired up. `run` runs it once."""

    def __init__(self, case: Case, world: World, faults: Faults) -> None:
        self.case, self.world, self._faults = case, world, faults
        self.brain = Brain(case, world.backend.connect())
        unit = DEFAULT_UNIT
        sizes = BodySizes(unit.length_m, unit.width_m, unit.pod_side_m, case.layout.cell_size_m)
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
            halt.append(Violation(self.now_s, "halted", f"{type(error).__name__}: {error}"))
        if is_stuck:
            halt += [Violation(self.now_s, "stuck", what) for what in self._say_stuck()]
        return self._result(halt, is_stuck)

    def _drive(self) -> bool:
        """Cycle by cycle; whether everything was done in time."""
        reports = self.world.backend.advance(0.0)
        while not self._is_over():
            if self.now_s >= self._faults.ends_s + REST_S:
                return False
            self._step(reports)
            kill = self._faults.due_kill(self.now_s)
            if kill is not None:
                self._go_without(kill)
            reports = self._advance()
        return True

    def _step(self, reports: Reports) -> None:
        """One control cycle; the oracle looks when its commands are out."""
        world = self.world
        self._faults.act(self.now_s)
        world.backend.send(self.brain.step(reports))
        self.oracle.look(scene_of(world, self.brain.mind.controller))

    def _advance(self) -> Reports:
        self._cycle += 1
        reports = self.world.backend.advance(self.now_s)
        self._note_handlings()
        return reports

    def _go_without(self, kill: Kill) -> None:
        """The controller is dead for a while; what it held is what it will hold again."""
        self.brain.kill()
        for _ in range(round(kill.down_s / CYCLE_S)):
            self._cycle += 1
            self._faults.act(self.now_s)
            self.world.drift(self.now_s)
            self._note_handlings()
            self.oracle.look(scene_of(self.world, self.brain.mind.controller))
        self.brain.recover()

    def _note_handlings(self) -> None:
        world = self.world
        for handling in world.people.take_handlings(world.twin, world.loads()):
            self.goods.note(handling)

    def _is_over(self) -> bool:
        """The faults are over, all orders are done, and no unit has anything left to do."""
        if self.now_s < self._faults.ends_s or self._cycle % CYCLES_A_CHECK:
            return False
        return self.brain.is_done

    def _say_stuck(self) -> list[str]:
        n_open = len(self.goods.open)
        told = f"{n_open} lines are not done, {REST_S:g} s after the last fault"
        return [told, *say_waits(self.case.layout, waits_of(self.brain.mind.controller))]

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
            faults=dict(self._faults.counts),
            overlaps=sum(violation.kind == "overlap" for violation in found),
            lost_tasks=len(lost),
            doubled_tasks=len(doubled) + len(self.goods.doubled),
            is_stuck=is_stuck,
            violations=tuple(found),
            sim_s=self.now_s,
        )

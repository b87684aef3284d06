"""One case over the wire, from start to end, watched from the side.

Faults happen for a while; then every order line has to be done, every pod back in storage and every
unit at rest within `REST_S`, or the case counts as stuck. Then the controller is asked to end, and
what it says of itself is held against what was seen.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gridfleet.demand import OrderFile, read_orders
from gridfleet.emulator.setting import setting_of
from gridfleet.emulator.truth import Truth, TruthReader
from gridfleet.run_folder import FAILURE, KPIS
from gridfleet.torture.oracle import Violation
from gridfleet.torture.result import CaseResult
from gridfleet.torture.tasks import find_doubled
from gridfleet.torture.wire.accounts import read_accounts
from gridfleet.torture.wire.asker import Asker
from gridfleet.torture.wire.case import WireCase, draw_wire_case
from gridfleet.torture.wire.entries import Entries
from gridfleet.torture.wire.eyes import Bodies, Eyes
from gridfleet.torture.wire.faults import Fault, draw_wire_faults
from gridfleet.torture.wire.holdings import Holdings
from gridfleet.torture.wire.ledger import Ledger
from gridfleet.torture.wire.stage import OUT, TRUTH_LOG, Stage
from gridfleet.torture.wire.trouble import Trouble
from gridfleet.torture.wire.truth_log import TruthLog
from hw_bridge.chaos.counts import Counts
from hw_bridge.chaos.fate import Way

SPEED = 12.0
"""How many times faster than real time the fleet lives."""
REST_S = 400.0
"""After the last fault, far more than any case needs that goes on at all."""
STILL_S = 1.0
"""So long after everything is done."""
START_PATIENCE_S, END_PATIENCE_S = 30.0, 20.0
"""Real time."""
LOOK_S, POLL_S = 0.02, 0.01


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a case is run. folder: where folders of cases go, None for the system's. keeps: those of
    sound cases too. stops_early: at the first thing that is wrong."""

    entries: Entries
    speed: float = SPEED
    rest_s: float = REST_S
    folder: Path | None = None
    keeps: bool = False
    stops_early: bool = False


def run_wire_case(seed: int, conditions: Conditions) -> CaseResult:
    """Draw the case of the seed and run it. The folder of a case in which anything was wrong is
    kept, and named in the result."""
    case = draw_wire_case(seed)
    faults = draw_wire_faults(case)
    folder = Path(tempfile.mkdtemp(prefix=f"gridfleet-wire-{seed}-", dir=conditions.folder))
    result = WireRun(case, faults, folder, conditions).run()
    if result.is_sound and not conditions.keeps:
        shutil.rmtree(folder)
    return result


class WireRun:
    """A case with its processes. `run` runs it once."""

    def __init__(
        self, case: WireCase, faults: list[Fault], folder: Path, conditions: Conditions
    ) -> None:
        self.case, self.faults, self.folder = case, faults, folder
        self._conditions, self._speed = conditions, conditions.speed
        self.scenario = case.write(folder)
        setting = setting_of(self.scenario, case.layout)
        self.eyes = Eyes(case.layout, self.scenario.unit, case.n_units, setting.pod_cells)
        book, _ = read_orders(OrderFile(self.scenario.orders, hours=self.scenario.hours))
        self.ledger = Ledger(dict(enumerate(book.line_quantity.tolist())))
        self.holdings = Holdings(case.layout, case.serials, case.unit_cells)
        self._bodies = Bodies(case.layout, self.scenario.unit)
        self._truth_log = TruthLog(folder / TRUTH_LOG)
        self._zero_s = time.monotonic()
        self._died: list[Violation] = []
        self._is_cut_short = False

    @property
    def now_s(self) -> float:
        """Seconds of the fleet since the case began."""
        return (time.monotonic() - self._zero_s) * self._speed

    def run(self) -> CaseResult:
        case, folder = self.case, self.folder
        _write_faults(folder, case, self.faults)
        stage = Stage(case, self.faults, folder, self._speed, self._conditions.entries, self._tap)
        reader, asker = TruthReader(stage.truth), Asker(stage)
        try:
            with stage:
                trouble = Trouble(stage, self.faults)
                is_stuck = not self._live(stage, trouble, reader, asker)
                counts = stage.proxy.ask(lambda proxy: proxy.totals())
                self._end(stage, is_stuck)
        finally:
            reader.close()
            asker.close()
            self._truth_log.close()
        result = self._result(trouble, is_stuck)
        _write_result(folder, result, counts)
        return result

    # Living

    def _live(self, stage: Stage, trouble: Trouble, reader: TruthReader, asker: Asker) -> bool:
        """Until everything is done; False where that does not come about in time."""
        stage.emulator.start()
        self._wait_for_truth(reader)
        stage.controller.start()
        self._zero_s = time.monotonic()
        while not self._is_over(trouble, asker):
            if self._died or self.now_s >= trouble.ends_s + self._conditions.rest_s:
                return False
            if self._conditions.stops_early and (self._seen() or self.ledger.doubled):
                self._is_cut_short = True
                return True
            trouble.act(self.now_s)
            self._watch(reader)
            self._look_after(stage, trouble)
        return True

    def _wait_for_truth(self, reader: TruthReader) -> None:
        deadline_s = time.monotonic() + START_PATIENCE_S
        while self.eyes.n_seen == 0 and time.monotonic() < deadline_s:
            self._watch(reader)

    def _watch(self, reader: TruthReader) -> None:
        """Look at what has come from the side channel, for a short while."""
        seen, truth = [], reader.read(LOOK_S)
        while truth is not None:
            seen.append(truth)
            truth = reader.read(0.0)
        # What let units be where they are has passed before they were seen there.
        self.ledger.take(self.now_s)
        self.holdings.take(self.now_s)
        for truth in seen:
            self._truth_log.note(truth)
            self.eyes.look(truth)
            self._look_at_cells(truth)

    def _look_at_cells(self, truth: Truth) -> None:
        for unit in np.flatnonzero(np.isfinite(truth.poses[:, 0])).tolist():
            cells = self._bodies.cells(truth.poses[unit], bool(truth.carried[unit] >= 0))
            self.holdings.look(unit, cells, truth.head.time_s)

    def _tap(self, serial: str, way: Way, frames: list[bytes]) -> None:
        """What passes the proxy; called from its thread."""
        self.ledger.tap(serial, way, frames)
        self.holdings.tap(serial, way, frames)

    def _look_after(self, stage: Stage, trouble: Trouble) -> None:
        """Who ends without having been killed has failed."""
        for actor in (stage.controller, stage.emulator):
            code = actor.exit_code
            if code is not None and not trouble.has_killed(actor):
                what = f"the {actor.name} ended with {code}; see {actor.log}"
                self._died.append(Violation(self.now_s, "halted", what))

    def _is_over(self, trouble: Trouble, asker: Asker) -> bool:
        """Everything is done as far as can be seen, and the controller has been told so."""
        if not trouble.is_over or self.ledger.open:
            return False
        return self.eyes.seen_s - self.eyes.still_s >= STILL_S and asker.says_done()

    # Ending

    def _end(self, stage: Stage, is_stuck: bool) -> None:
        """Ask the controller to end, and wait until its figures are written. The picture book that
        it would write after them takes longer than the whole case."""
        controller = stage.controller
        if controller.is_frozen:
            controller.thaw()
        controller.ask_to_end()
        deadline_s = time.monotonic() + END_PATIENCE_S
        while controller.is_alive and not (self.folder / OUT / KPIS).exists():
            if time.monotonic() > deadline_s:
                if not is_stuck:
                    what = f"the controller did not end within {END_PATIENCE_S:g} s when asked to"
                    self._died.append(Violation(self.now_s, "halted", what))
                return
            time.sleep(POLL_S)
        if (self.folder / OUT / FAILURE).exists():
            what = f"the controller has failed; see {self.folder / OUT / FAILURE}"
            self._died.append(Violation(self.now_s, "halted", what))

    def _result(self, trouble: Trouble, is_stuck: bool) -> CaseResult:
        now_s = self.now_s
        accounts = read_accounts(self.folder / OUT)
        doubled = self.ledger.doubled + find_doubled(accounts.events)
        is_over = not (is_stuck or self._is_cut_short)
        lost = accounts.lost(self.ledger, is_over=is_over)
        found = [
            *self._seen(), *self.ledger.violations, *self._died,
            *(Violation(now_s, "goods", what) for what in doubled + lost),
        ]  # fmt: skip
        if is_stuck:
            found += [Violation(now_s, "stuck", what) for what in self._say_stuck()]
        found.sort(key=lambda violation: violation.time_s)
        return CaseResult(
            seed=self.case.seed,
            faults=dict(trouble.counts),
            overlaps=sum(violation.kind == "overlap" for violation in found),
            lost_tasks=len(lost),
            doubled_tasks=len(doubled),
            is_stuck=is_stuck,
            violations=tuple(found),
            sim_s=now_s,
            folder=str(self.folder),
        )

    def _seen(self) -> list[Violation]:
        return [*self.eyes.violations, *self.holdings.violations]

    def _say_stuck(self) -> list[str]:
        n_open = len(self.ledger.open)
        told = [f"{n_open} lines are not done, {self._conditions.rest_s:g} s after the last fault"]
        if not n_open:
            told = ["all lines are done, but pods are not back or units go on moving"]
        told += [f"holds {said}" for said in self.holdings.say()]
        if self.eyes.n_seen == 0:
            told.append("the emulator has never said where units are")
        return told


def _write_faults(folder: Path, case: WireCase, faults: list[Fault]) -> None:
    lines = [f"seed {case.seed}", *(str(fault) for fault in faults)]
    (folder / "faults.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_result(folder: Path, result: CaseResult, counts: dict[str, Counts]) -> None:
    told = {
        "seed": result.seed,
        "sound": result.is_sound,
        "fleet_s": round(result.sim_s, 1),
        "faults": result.faults,
        "violations": [str(violation) for violation in result.violations],
        "messages": {way.name.lower(): counts[way.name.lower()].as_json() for way in Way},
    }
    (folder / "result.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")

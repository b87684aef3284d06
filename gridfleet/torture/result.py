"""What came of one case, and of many."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from gridfleet.torture.oracle import Violation


@dataclass(frozen=True, slots=True)
class CaseResult:
    """faults: injected, by kind. overlaps: of bodies with each other, with pods or beyond the
    floor. lost_tasks, doubled_tasks: order lines and trips with pods that were never done or done
    more than once. is_stuck: something that could be done was not. sim_s: simulated seconds.
    folder: where what is left of it lies, "" for nowhere."""

    seed: int
    faults: dict[str, int]
    overlaps: int = 0
    lost_tasks: int = 0
    doubled_tasks: int = 0
    is_stuck: bool = False
    violations: tuple[Violation, ...] = ()
    sim_s: float = 0.0
    folder: str = ""

    @property
    def is_sound(self) -> bool:
        counts = self.overlaps + self.lost_tasks + self.doubled_tasks
        return not (counts or self.is_stuck or self.violations)


@dataclass(slots=True)
class Tally:
    """Sums over cases. others: held sets and pods that were wrong, and controllers that gave up.
    failed: cases with anything wrong, in the order of seeds."""

    seeds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    overlaps: int = 0
    lost_tasks: int = 0
    doubled_tasks: int = 0
    stuck: int = 0
    others: int = 0
    sim_s: float = 0.0
    failed: list[CaseResult] = field(default_factory=list)

    def add(self, result: CaseResult) -> None:
        self.seeds += 1
        self.faults.update(result.faults)
        self.overlaps += result.overlaps
        self.lost_tasks += result.lost_tasks
        self.doubled_tasks += result.doubled_tasks
        self.stuck += result.is_stuck
        self.others += sum(v.kind in ("held", "pods", "halted") for v in result.violations)
        self.sim_s += result.sim_s
        if not result.is_sound:
            self.failed.append(result)

    def as_json(self) -> dict[str, Any]:
        return {
            "seeds": self.seeds,
            "faults": dict(sorted(self.faults.items())),
            "overlaps": self.overlaps,
            "lost_tasks": self.lost_tasks,
            "doubled_tasks": self.doubled_tasks,
            "stuck": self.stuck,
            "other_violations": self.others,
            "simulated_hours": round(self.sim_s / 3600.0, 3),
            "failed": [
                {"seed": failed.seed, "what": [str(v) for v in failed.violations]}
                for failed in self.failed
            ],
        }

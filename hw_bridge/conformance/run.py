"""All cases in turn, with a verdict on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fleet_control.errors import FleetError
from hw_bridge.conformance import link_cases
from hw_bridge.conformance.cases import CASES, Case
from hw_bridge.conformance.rig import PATIENCE_S, CaseFailed, CaseSkipped, Rig, Setup
from hw_bridge.wire.errors import did_you_mean

CONNECT_S = 30.0
ALL_CASES: tuple[Case, ...] = tuple(CASES)
assert link_cases  # its cases are among them


class Verdict(StrEnum):
    PASS = "PASS"
    FAIL = "FAIL"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Result:
    """reason: why it failed or was skipped; "" where it passed. took_s: time of the fleet."""

    case: Case
    verdict: Verdict
    reason: str
    took_s: float


class UnknownCaseError(FleetError, ValueError):
    """Names of cases that there are not."""


class NoUnitError(RuntimeError):
    """The unit has not connected."""


def chosen(names: list[str]) -> list[Case]:
    """The cases of these names, all where none are given. Raises UnknownCaseError with all
    that are none."""
    known = {case.name: case for case in ALL_CASES}
    unknown = [name for name in names if name not in known]
    faults = [f"{name}: no such case{did_you_mean(name, known)}" for name in unknown]
    if faults:
        raise UnknownCaseError("\n".join(faults))
    return [case for case in ALL_CASES if not names or case.name in names]


def check(setup: Setup, cases: list[Case], connect_s: float = CONNECT_S) -> Iterator[Result]:
    """Yields a result after each case. Raises NoUnitError where there is no unit."""
    rig = Rig(setup)
    try:
        try:
            rig.until(lambda: rig.has_state, "it connects and sends a state", connect_s)
            rig.until(lambda: rig.has_extras, "", PATIENCE_S / 4)
        except CaseFailed:
            if not rig.has_state:
                raise NoUnitError(
                    f"{setup.serial} has not connected and sent a state within {connect_s:g} s; "
                    "see that it is switched on, has its key, and connects to this address"
                ) from None
        for case in cases:
            yield _try(rig, case)
    finally:
        rig.close()


def _try(rig: Rig, case: Case) -> Result:
    began_s = rig.now_s
    verdict, reason = Verdict.PASS, ""
    try:
        rig.settle()
        case.test(rig)
    except CaseFailed as failure:
        verdict, reason = Verdict.FAIL, str(failure)
    except CaseSkipped as skip:
        verdict, reason = Verdict.SKIPPED, str(skip)
    return Result(case, verdict, reason, rig.now_s - began_s)

"""Whole cases: sound ones are sound, the same every time, and sabotaged ones are caught."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from fleet_control.backend import Commands, Reports, StationJobs
from fleet_control.operations import Operation
from gridfleet.torture.case import draw_case
from gridfleet.torture.faults import Fault, FaultKind, KillPoint, draw_faults
from gridfleet.torture.result import CaseResult
from gridfleet.torture.run import CaseRun, run_case
from layouts import CellKind
from layouts.lint import Severity, lint

SEED = 1


def sabotaged(change: Callable[[CaseRun], None], seed: int = SEED) -> CaseResult:
    """The result of a case without faults into which a defect was built."""
    case = draw_case(seed)
    run = CaseRun(case, [])
    change(run)
    return run.run()


def test_a_sound_case_is_sound() -> None:
    assert sabotaged(lambda _: None).is_sound


def test_a_seed_is_a_case_and_a_result() -> None:
    first, second = draw_case(3), draw_case(3)
    assert (first.layout.kinds == second.layout.kinds).all()
    assert (first.orders.placed_s == second.orders.placed_s).all()
    assert (first.layout.kinds.shape, first.n_units) != (
        draw_case(4).layout.kinds.shape, draw_case(4).n_units,
    )  # fmt: skip
    assert run_case(3) == run_case(3)


def test_floors_are_what_the_controller_can_be_asked_to_run() -> None:
    """No station or pod is walled in; every case has work for a few minutes."""
    for seed in range(40):
        case = draw_case(seed)
        assert len(case.layout.cells_of(CellKind.STORAGE)) >= 6
        assert case.layout.n_cells <= 16 * 16
        assert 1 <= len(case.layout.stations) <= 3
        assert 3 <= case.n_units <= 12
        assert len(set(case.unit_cells.tolist())) == case.n_units
        assert not [f for f in lint(case.layout) if f.severity is Severity.FAULT], seed


def test_faults_are_the_same_for_a_seed_and_over_in_time() -> None:
    kinds: set[FaultKind] = set()
    for seed in range(40):
        case = draw_case(seed)
        faults = draw_faults(case)
        assert faults == draw_faults(case)
        assert [fault.at_s for fault in faults] == sorted(fault.at_s for fault in faults)
        assert all(0 <= fault.at_s <= fault.ends_s <= case.faults_s for fault in faults)
        assert all(-1 <= fault.unit < case.n_units for fault in faults)
        kinds |= {fault.kind for fault in faults}
    assert kinds == set(FaultKind)


@pytest.mark.parametrize("point", list(KillPoint))
def test_a_controller_comes_back_by_its_inputs(point: KillPoint) -> None:
    """Killed anywhere in a cycle and started at once, the fleet does all that it had to do."""
    case = draw_case(SEED)
    faults = [Fault(FaultKind.KILL, at_s, 0.0, point=point) for at_s in (10.0, 33.4)]
    run = CaseRun(case, faults)
    result = run.run()
    assert result.is_sound, result.violations
    assert result.faults == {"kill-controller": 2}
    assert run.goods.open == []


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.KILL])
def test_every_fault_by_itself_is_borne(kind: FaultKind) -> None:
    """A case for each kind of fault in which it happens, all other kinds left out."""
    for seed in range(100):
        case = draw_case(seed)
        faults = [fault for fault in draw_faults(case) if fault.kind is kind]
        if faults:
            result = CaseRun(case, faults).run()
            assert result.faults[kind] >= 1
            assert result.is_sound, (seed, result.violations)
            return
    raise AssertionError("no case has that fault")


# Sabotage


def frees_too_early(run: CaseRun) -> None:
    """The table of owners loses a cell of unit 0 whenever it has one ahead."""
    step = run.brain.step

    def wrong(reports: Reports, operations: Sequence[Operation]) -> Commands:
        commands = step(reports, operations)
        ex = run.brain.mind.controller.executor
        if ex.released[0] > ex.done[0] and run.now_s > 20:
            ex.owners[ex.cells[0, ex.released[0] % ex.cells.shape[1]]] = -1
        return commands

    run.brain.step = wrong  # type: ignore[method-assign]


def loses_a_job(run: CaseRun) -> None:
    """The first job never reaches the people."""
    _on_jobs(run, lambda rows, number: rows[0:0] if number == 0 else rows)


def doubles_a_job(run: CaseRun) -> None:
    """The second job reaches the people twice."""
    _on_jobs(run, lambda rows, number: np.concatenate([rows, rows]) if number == 1 else rows)


def picks_too_few(run: CaseRun) -> None:
    """People take a unit less than they were told to, once."""

    def one_less(rows: np.ndarray, number: int) -> np.ndarray:
        return rows - [0, 0, 0, 1] if number == 0 else rows

    _on_jobs(run, one_less)


def _on_jobs(run: CaseRun, change: Callable[[np.ndarray, int], np.ndarray]) -> None:
    people, n_jobs = run.world.people, 0
    accept = people.accept

    def wrong(jobs: StationJobs, now_s: float) -> None:
        nonlocal n_jobs
        if len(jobs.jobs):
            rows = np.column_stack([jobs.stations, jobs.jobs, jobs.lines, jobs.quantities])
            rows = change(rows, n_jobs).astype(np.int32)
            jobs = StationJobs(*(np.ascontiguousarray(column) for column in rows.T))
            n_jobs += 1
        accept(jobs, now_s)

    people.accept = wrong  # type: ignore[method-assign]


def loses_a_pod(run: CaseRun) -> None:
    """A pod vanishes from the floor, as if two units had taken it for each other's."""
    pod_at = run.world.pod_at
    run.world.pod_at = lambda: np.where(pod_at() == 0, -1, pod_at())  # type: ignore[method-assign]


def breaks_down(run: CaseRun) -> None:
    """The controller meets a fault of its own."""
    step = run.brain.step

    def wrong(reports: Reports, operations: Sequence[Operation]) -> Commands:
        if run.now_s > 30:
            raise KeyError("unit 3")
        return step(reports, operations)

    run.brain.step = wrong  # type: ignore[method-assign]


def drives_beyond(run: CaseRun) -> None:
    """Unit 0 is moved by half a cell in the twin, whatever was released to it."""
    poses = run.world.twin.poses
    run.world.twin.poses = lambda: (
        poses() + np.where(np.arange(len(poses())) == 0, 0.5, 0.0)[:, None]
    )  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("change", "kinds", "counts"),
    [
        (frees_too_early, {"held"}, ("n_held",)),
        (loses_a_job, {"stuck"}, ("is_stuck",)),
        (picks_too_few, {"goods"}, ("lost_tasks",)),
        (loses_a_pod, {"pods"}, ()),
        (breaks_down, {"halted"}, ()),
        (drives_beyond, {"held"}, ()),
    ],
)
def test_sabotage_is_caught(
    change: Callable[[CaseRun], None], kinds: set[str], counts: tuple[str, ...]
) -> None:
    result = sabotaged(change)
    assert not result.is_sound
    assert kinds <= {violation.kind for violation in result.violations}
    assert all(getattr(result, count) for count in counts if count != "n_held")


def test_a_job_done_twice_is_caught() -> None:
    result = sabotaged(doubles_a_job)
    assert result.doubled_tasks >= 1
    assert any("again" in str(violation) for violation in result.violations)


def test_what_is_stuck_says_who_waits_for_what() -> None:
    result = sabotaged(loses_a_job)
    told = [violation.what for violation in result.violations]
    assert any("lines are not done, 900 s after the last fault" in what for what in told)

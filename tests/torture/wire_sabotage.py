"""Controllers and emulators that do what must never be done, to show that it is seen."""

from __future__ import annotations

from typing import Any

from fleet_control.operations import Operation, OperationKind
from gridfleet.live.desk import OperatorDesk
from gridfleet.live.run import LiveRun
from gridfleet.torture.wire.commands import run_controller, run_emulator
from hw_bridge.stations.memory import FinishedLine
from hw_bridge.stations.messages import Job
from hw_bridge.stations.terminal import TerminalAgent

IMPATIENCE_S = 10.0


def controller_that_frees_lost_units(**options: Any) -> None:
    """Takes units off the books that have been silent for ten seconds, as if somebody had looked:
    their cells are free, and they stand there."""
    hear = OperatorDesk.hear

    def hear_and_remove(desk: OperatorDesk, run: LiveRun) -> list[Operation]:
        n_units = len(run.books.head.units)
        present = run.brain.controller.executor.is_present
        silent = [
            unit
            for unit, device in enumerate(run.backend.status()[:n_units])  # type: ignore[attr-defined]
            if device.heard_ago_s > IMPATIENCE_S and present[unit]
        ]
        return hear(desk, run) + [Operation(OperationKind.REMOVE, unit=unit) for unit in silent]

    OperatorDesk.hear = hear_and_remove  # type: ignore[method-assign]
    run_controller(**options)


def emulator_that_doubles_a_line(**options: Any) -> None:
    """The first line that is finished is told as two."""
    finish = TerminalAgent.finish
    doubled = []

    def finish_twice(terminal: TerminalAgent, now_s: float) -> Job:
        job = finish(terminal, now_s)
        if not doubled:
            doubled.append(job)
            record = terminal._record
            record.n_finished += 1
            record.finished.append(FinishedLine(record.n_finished, job.job, job.line, now_s))
        return job

    TerminalAgent.finish = finish_twice  # type: ignore[method-assign]
    run_emulator(**options)


def emulator_that_loses_a_line(**options: Any) -> None:
    """The first job is taken, and nobody sees it."""
    take = TerminalAgent._take
    lost = []

    def take_but_first(terminal: TerminalAgent, job: Job) -> None:
        if not lost and job.number == terminal._record.n_jobs + 1:
            lost.append(job)
            terminal._record.n_jobs = job.number
            return
        take(terminal, job)

    TerminalAgent._take = take_but_first  # type: ignore[method-assign]
    run_emulator(**options)

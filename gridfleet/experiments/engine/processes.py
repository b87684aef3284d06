"""Jobs in processes of this machine that stay alive from one job to the next.

One pipe for each process, and no queue that they share: a process that is killed, as by a system
out of memory, costs the job that it ran and no other. That job is given to a new process once; a
job that kills two is a Failure. The standard library's pool ends as a whole then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from types import TracebackType
from typing import Self

from fleet_control.processors import usable_processors
from gridfleet.experiments.engine.executor import (
    POLL_S,
    EngineError,
    Failure,
    Function,
    Job,
    Outcomes,
    Prepare,
    check_keys,
)
from gridfleet.experiments.engine.worker import Worker

STILLBORN_ALLOWED = 3
"""Processes in a row that may be killed while they start, and are replaced."""


class Processes:
    """function, prepare: at the top level of a module. n_workers: 0 for as many as there are
    processors."""

    def __init__(
        self, function: Function, n_workers: int = 0, prepare: Prepare | None = None
    ) -> None:
        if n_workers < 0:
            raise EngineError(f"{n_workers} workers run nothing; give 1 or more, or 0 for all")
        self.n_workers = n_workers or usable_processors()
        self._function, self._prepare = function, prepare
        self._workers: list[Worker] = []
        self._n_stillborn = 0

    def __enter__(self) -> Self:
        self._fill(self.n_workers)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(self._workers)

    @property
    def pids(self) -> list[int]:
        """Of the processes that are alive, for whoever watches or kills them."""
        return [worker.pid for worker in self._workers]

    def run(self, jobs: Sequence[Job], should_stop: Callable[[], bool] | None = None) -> Outcomes:
        """As Executor.run. Given up, it kills what is being run; new processes run what follows."""
        check_keys(jobs)
        waiting, n_left, lost = deque(jobs), len(jobs), set[str]()
        try:
            while n_left:
                self._hand_out(waiting)
                outcomes = self._listen(waiting, lost, POLL_S if should_stop else None)
                self._hand_out(waiting)  # before the caller has its turn
                for outcome in outcomes:
                    n_left -= 1
                    yield outcome
                if should_stop is not None and should_stop():
                    return
        finally:
            self._end([worker for worker in self._workers if worker.job is not None])

    def _fill(self, wanted: int) -> None:
        while len(self._workers) < wanted:
            self._workers.append(Worker(self._function, self._prepare))

    def _hand_out(self, waiting: deque[Job]) -> None:
        busy = sum(worker.job is not None for worker in self._workers)
        self._fill(min(self.n_workers, busy + len(waiting)))
        for worker in self._workers:
            if worker.is_ready and waiting:
                worker.give(waiting.popleft())

    def _listen(
        self, waiting: deque[Job], lost: set[str], patience_s: float | None
    ) -> list[tuple[str, bytes | Failure]]:
        """Wait for news and return what is done. lost: keys of jobs that have killed a process."""
        by_pipe = {worker.pipe: worker for worker in self._workers}
        outcomes = []
        for pipe in wait(list(by_pipe), patience_s):
            worker = by_pipe[pipe]  # type: ignore[index]
            job = worker.job
            try:
                news = worker.news()
                self._n_stillborn = 0
            except EOFError:
                news = self._mourn(worker, waiting, lost)
            if job is not None and news is not None:
                outcomes.append((job[0], news))
        return outcomes

    def _mourn(self, worker: Worker, waiting: deque[Job], lost: set[str]) -> Failure | None:
        """A process has died: its job is tried again, and the second time given up."""
        self._end([worker])
        if not worker.has_started:
            self._n_stillborn += 1
            if not worker.was_killed or self._n_stillborn > STILLBORN_ALLOWED:
                raise EngineError(f"a worker process died while it started: {worker.say_end()}")
        if worker.job is None:
            return None
        key = worker.job[0]
        if key not in lost:
            lost.add(key)
            waiting.appendleft(worker.job)
            return None
        return Failure(f"its process died, and so did another: {worker.say_end()}", True)

    def _end(self, workers: Sequence[Worker]) -> None:
        """The processes are gone afterwards."""
        gone = list(workers)
        for worker in gone:
            worker.dismiss()
        for worker in gone:
            worker.end()
        self._workers = [worker for worker in self._workers if worker not in gone]

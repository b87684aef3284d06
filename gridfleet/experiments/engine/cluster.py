"""Jobs on a cluster: dask.distributed, on many machines or on processes of this one.

As many jobs are handed in as there are workers, and the next when one is done: no worker then holds
a job beside the one that it runs, so that one that dies costs that job alone (dask blames all that
a dead worker held). The scheduler gives the job to another worker; after as many deaths as it
allows (DEATHS_ALLOWED for a cluster made here, three where a scheduler is not configured otherwise)
it is a Failure.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from fleet_control.processors import usable_processors
from gridfleet.experiments.engine.executor import (
    POLL_S,
    Failure,
    Function,
    Job,
    Outcomes,
    Prepare,
    call,
    check_keys,
)
from gridfleet.experiments.engine.program import Program, program
from gridfleet.experiments.engine.scheduler import (
    LOCAL,
    ClusterError,
    check_worker,
    check_workers,
    connect,
    get_ready,
)

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["LOCAL", "Cluster", "ClusterError"]

CHECK_S = 0.5
"""How often workers are counted."""
WORKERLESS_S = 30.0
"""How long a cluster may be without any worker while jobs wait."""


class Cluster:
    """An Executor. address: tcp://host:8786 of a scheduler, or LOCAL. function, prepare: at the top
    level of a module that workers have too. n_workers: processes of a LOCAL cluster, 0 for as
    many as there are processors; any other has as many as it has, and n_workers says how many once
    it is entered."""

    def __init__(
        self, function: Function, address: str, n_workers: int = 0, prepare: Prepare | None = None
    ) -> None:
        self.n_workers = n_workers or usable_processors()
        self._function, self._address, self._prepare = function, address, prepare
        self._open = ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> Self:
        """Raises ClusterError where dask is not installed, where nothing answers at the address,
        and where workers are not fit to give the same results as this program."""
        with ExitStack() as opening:
            self._client = connect(self._address, self.n_workers, opening)
            self.n_workers = check_workers(self._client, self._address, self._prepare)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client = None
        self._open.close()

    def run(self, jobs: Sequence[Job], should_stop: Callable[[], bool] | None = None) -> Outcomes:
        """As Executor.run. Given up, jobs that are being run come to their end on their workers,
        and what they give is dropped. Raises ClusterError where the cluster is lost on the way."""
        assert self._client is not None, "a cluster runs jobs while it is entered"
        check_keys(jobs)
        flow = _Flow(self._client, self._address, self._submit, jobs)
        try:
            while flow.has_more:
                for key, future in flow.done():
                    yield key, _outcome(future)
                if should_stop is not None and should_stop():
                    return
        finally:
            flow.cancel()

    def _submit(self, key: str, job: bytes) -> Future[Any]:
        assert self._client is not None
        return self._client.submit(
            _run_job, self._function, self._prepare, program(), job,
            key=f"{key}-{uuid.uuid4()}", pure=False,
        )  # fmt: skip


class _Flow:
    """Jobs on their way: as many handed in as there are workers."""

    def __init__(
        self, client: Client, address: str, submit: Callable[[str, bytes], Future[Any]],
        jobs: Sequence[Job],
    ) -> None:  # fmt: skip
        self._client, self._address, self._submit = client, address, submit
        self._waiting = deque(jobs)
        self._running: dict[Future[Any], str] = {}
        self._news: SimpleQueue[Future[Any]] = SimpleQueue()
        self._n_workers = 0
        self._worked_at_s = self._check_at_s = time.monotonic()

    @property
    def has_more(self) -> bool:
        return bool(self._waiting or self._running)

    def done(self) -> Iterator[tuple[str, Future[Any]]]:
        """Hand in what is to be; what is done by then, or nothing after a while."""
        self._check()
        self._hand_in()
        try:
            future = self._news.get(timeout=POLL_S)
        except Empty:
            return
        if future.cancelled():  # by nobody here
            raise self._lost()
        key = self._running.pop(future)
        self._hand_in()  # before the caller has its turn
        yield key, future

    def cancel(self) -> None:
        """Drop all that is not done."""
        if self._client.status == "running":
            self._client.cancel(list(self._running))
        self._running.clear()

    def _hand_in(self) -> None:
        while self._waiting and len(self._running) < self._n_workers:
            key, job = self._waiting.popleft()
            future = self._submit(key, job)
            self._running[future] = key
            future.add_done_callback(self._news.put)

    def _check(self) -> None:
        """Count the workers, now and then. Raises ClusterError where the cluster is lost."""
        now_s = time.monotonic()
        if now_s < self._check_at_s:
            return
        self._check_at_s = now_s + CHECK_S
        if self._client.status != "running":
            raise self._lost()
        self._n_workers = len(self._client.scheduler_info()["workers"])
        if self._n_workers:
            self._worked_at_s = now_s
        elif now_s - self._worked_at_s > WORKERLESS_S:
            raise ClusterError(
                f"the cluster at {self._address} has had no workers for {WORKERLESS_S:g} s; start "
                "some, and give the same command to go on with what is finished"
            )

    def _lost(self) -> ClusterError:
        return ClusterError(
            f"the connection to the cluster at {self._address} was lost; the same command goes on "
            "with what is finished"
        )


def _run_job(
    function: Function, prepare: Prepare | None, expected: Program, job: bytes
) -> bytes | Failure | Program:
    """On a worker, which may have joined the cluster late: one with another program runs nothing,
    and says which it has."""
    ready = get_ready(prepare)
    return call(function, job) if ready == expected else ready


def _outcome(future: Future[Any]) -> bytes | Failure:
    """Raises ClusterError for a worker that is not fit."""
    from distributed.scheduler import KilledWorker

    try:
        result = future.result()
    except KilledWorker as error:
        n_deaths, where = error.allowed_failures + 1, error.last_worker.address
        text = f"it ended {n_deaths} workers, the last of them {where}; see its log"
        return Failure(text, is_worker_lost=True)
    except Exception as error:
        return Failure(f"{type(error).__name__}: {error}")
    if isinstance(result, Program):
        check_worker("that joined on the way", result)
    assert isinstance(result, bytes | Failure)
    return result

"""Many jobs on an executor: kept results are not made again, failures are collected."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from gridfleet.experiments.engine.executor import Executor, Failure, Job, check_keys
from gridfleet.experiments.engine.store import Store


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a campaign is. done: of total, failed and kept ones included. kept: results that were
    there already. rate_per_s: jobs that were run, a second; 0 before the first."""

    done: int
    total: int
    kept: int
    failed: int
    rate_per_s: float

    @property
    def left_s(self) -> float | None:
        """Seconds until all is done at this rate; None before the first."""
        return (self.total - self.done) / self.rate_per_s if self.rate_per_s > 0.0 else None


@dataclass(frozen=True, slots=True)
class Results:
    """results: of the jobs that are done, failures: of those that gave none; both by key, in the
    order of the jobs. is_partial: stopped before all were done. n_kept: so many were there already.
    """

    results: dict[str, bytes] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    is_partial: bool = False
    n_kept: int = 0


class Campaign:
    """executor: open. store: where results are kept; None keeps none."""

    def __init__(self, executor: Executor, store: Store | None = None) -> None:
        self._executor, self._store = executor, store

    def run(
        self, jobs: Sequence[Job], on_progress: Callable[[Progress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Results:  # fmt: skip
        """Run what is not kept. May be called again and again, with more jobs.

        on_progress: called at the beginning and after every job. should_stop: looked at several
        times a second; what is finished by then is kept and returned. Failures are not kept: they
        are tried again next time. Raises EngineError and StoreError.
        """
        check_keys(jobs)
        done: dict[str, bytes | Failure] = {}
        for key, job in jobs:
            if self._store is not None and (kept := self._store.get(key, job)) is not None:
                done[key] = kept
        n_kept, began_s = len(done), time.perf_counter()
        left = {key: job for key, job in jobs if key not in done}

        def tell() -> None:
            if on_progress is not None:
                rate = (len(done) - n_kept) / max(time.perf_counter() - began_s, 1e-9)
                failed = sum(isinstance(result, Failure) for result in done.values())
                on_progress(Progress(len(done), len(jobs), n_kept, failed, rate))

        tell()
        with closing(self._executor.run(list(left.items()), should_stop)) as outcomes:
            for key, result in outcomes:
                if self._store is not None and isinstance(result, bytes):
                    self._store.put(key, left[key], result)
                done[key] = result
                tell()
        return _in_order(jobs, done, n_kept)


def _in_order(jobs: Sequence[Job], done: dict[str, bytes | Failure], n_kept: int) -> Results:
    found = [(key, done[key]) for key, _ in jobs if key in done]
    return Results(
        {key: result for key, result in found if isinstance(result, bytes)},
        {key: result for key, result in found if isinstance(result, Failure)},
        is_partial=len(found) < len(jobs),
        n_kept=n_kept,
    )

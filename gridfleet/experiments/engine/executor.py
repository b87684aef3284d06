"""The seam between what is to be run and where: an executor calls one function on many jobs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from layouts import GridfleetError

Job = tuple[str, bytes]
"""A key that people can read, such as the variant and the seed, and all that the function needs."""
Function = Callable[[bytes], bytes]
"""At the top level of a module, so that another process finds it; the same bytes in, the same
bytes out."""
Prepare = Callable[[], None]
"""Called in every worker before its first job, such as to load kernels; at the top level too."""
POLL_S = 0.1
"""How often `should_stop` is looked at while nothing happens."""


class EngineError(GridfleetError, RuntimeError):
    """Jobs cannot be run at all; the text names the cure."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A job that gave no result. text: why, for people. is_worker_lost: the process that ran it was
    killed or died, twice."""

    text: str
    is_worker_lost: bool = False


Outcomes = Generator[tuple[str, bytes | Failure], None, None]


class Executor(Protocol):
    """Open while entered. n_workers: so many jobs run at a time."""

    @property
    def n_workers(self) -> int: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def run(self, jobs: Sequence[Job], should_stop: Callable[[], bool] | None = None) -> Outcomes:
        """Key and result of every job, whichever is done first; may be called again and again.

        should_stop: looked at several times a second; once it says so, the rest is given up, as it
        is where the iterator is closed. What a job raises is its Failure and no other job's. Raises
        EngineError where no worker can be had, ValueError for a key that comes twice.
        """


class Here:
    """Runs jobs one after the other in this process."""

    n_workers = 1

    def __init__(self, function: Function, prepare: Prepare | None = None) -> None:
        self._function, self._prepare = function, prepare

    def __enter__(self) -> Self:
        if failure := begin(self._prepare):
            raise EngineError(failure.text)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def run(self, jobs: Sequence[Job], should_stop: Callable[[], bool] | None = None) -> Outcomes:
        check_keys(jobs)
        for key, job in jobs:
            if should_stop is not None and should_stop():
                return
            yield key, call(self._function, job)


def call(function: Function, job: bytes) -> bytes | Failure:
    """What the function makes of the job; what it raises as a Failure."""
    try:
        result = function(job)
    except Exception as error:
        return failure_of(error)
    if type(result) is not bytes:
        return Failure(f"the function gave {type(result).__name__} instead of bytes")
    return result


def begin(prepare: Prepare | None) -> Failure | None:
    """Prepare a worker; what that raises is returned."""
    try:
        if prepare is not None:
            prepare()
    except Exception as error:
        return failure_of(error)
    return None


def failure_of(error: Exception) -> Failure:
    """Errors of gridfleet speak for themselves; others are named."""
    text = str(error)
    return Failure(text if isinstance(error, GridfleetError) else f"{type(error).__name__}: {text}")


def check_keys(jobs: Sequence[Job]) -> None:
    """Raises ValueError for a key that comes twice."""
    seen = set()
    for key, _ in jobs:
        if key in seen:
            raise ValueError(f"two jobs have the key {key!r}")
        seen.add(key)

"""One process that runs jobs, and this process's end of the pipe to it.

It is spawned, not forked: numba and ZeroMQ do not survive a fork. It runs one thread, so that as
many workers as processors do not fight over them, and it does not outlive who started it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection

from gridfleet.experiments.engine.children import no_interrupt, one_thread
from gridfleet.experiments.engine.executor import (
    EngineError,
    Failure,
    Function,
    Job,
    Prepare,
    begin,
    call,
)

PATIENCE_S = 5.0
"""How long a process may take to end that was not killed."""


class Worker:
    """pipe: readable when there is news. job: what it was given and has not answered, with its
    key. is_ready: it has started and runs no job."""

    def __init__(self, function: Function, prepare: Prepare | None) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, function, prepare))
        with one_thread(), no_interrupt():
            self._process.start()
        theirs.close()
        self.job: Job | None = None
        self.has_started = False
        self.exit_code: int | None = None

    @property
    def is_ready(self) -> bool:
        return self.has_started and self.job is None

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def give(self, job: Job) -> None:
        """Let it run the job. Where it has just died, `news` says so."""
        self.job = job
        with contextlib.suppress(OSError):
            self.pipe.send_bytes(job[1])

    def news(self) -> bytes | Failure | None:
        """What it has said: the result of its job, or None that it has started. Raises EOFError
        where it has died, and EngineError where it cannot start."""
        try:
            said = self.pipe.recv()
        except OSError:  # in the middle of a message, or on one's way to it
            raise EOFError from None
        assert said is None or isinstance(said, bytes | Failure)
        if isinstance(said, Failure) and not self.has_started:
            raise EngineError(f"a worker process cannot be prepared: {said.text}")
        self.has_started, self.job = True, None
        return said

    def dismiss(self) -> None:
        """Let it end: at once if it has nothing to do, and after its job otherwise."""
        self.pipe.close()

    def end(self) -> None:
        """It is gone afterwards: it ends by itself if it was ready when it was dismissed, and is
        killed otherwise."""
        if self.is_ready:
            self._process.join(PATIENCE_S)
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self.exit_code = self._process.exitcode
        self._process.close()
        self.pipe.close()

    @property
    def was_killed(self) -> bool:
        """Whether a signal ended it."""
        return self.exit_code is not None and self.exit_code < 0

    def say_end(self) -> str:
        """How it ended, for people."""
        if self.exit_code is None or not self.was_killed:
            return f"it ended with exit code {self.exit_code}"
        name = signal.Signals(-self.exit_code).name
        more = ", as happens where memory runs out" if name == "SIGKILL" else ""
        return f"it was ended by {name}{more}"


def _serve(pipe: Connection, function: Function, prepare: Prepare | None) -> None:
    """What the process does until the other end of the pipe is closed."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    with contextlib.suppress(BrokenPipeError, EOFError):
        pipe.send(begin(prepare))
        while True:
            pipe.send(call(function, pipe.recv_bytes()))


def _die_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)

"""Processes that can be started quickly, frozen, killed, and asked to end.

They are forked off a server that has imported everything already (multiprocessing's forkserver), so
that a start takes about a tenth of a second. Each runs a command of `gridfleet` as a person would
have typed it, its output in a file.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from gridfleet.torture.wire.entries import Entry

PRELOAD = ("gridfleet.torture.wire.warm",)
POLL_S = 0.005


def context() -> ForkServerContext:
    """The forkserver of this process; the first call in a process sets it up."""
    ctx = multiprocessing.get_context("forkserver")
    ctx.set_forkserver_preload(list(PRELOAD))
    return ctx


class Actor:
    """entry: module-level function; options: its keyword arguments. log: file of its output, which
    goes on over restarts. starts: so many times was it started."""

    def __init__(self, name: str, entry: Entry, options: Mapping[str, Any], log: Path) -> None:
        self.name, self.log, self.starts = name, log, 0
        self._entry, self._options = entry, dict(options)
        self._process: ForkServerProcess | None = None
        self.is_frozen = False

    def start(self) -> None:
        assert not self.is_alive, f"{self.name} runs already"
        self._forget()
        self.starts += 1
        args = (self._entry, self._options, self.log)
        self._process = context().Process(target=_run, args=args, name=self.name)
        self._process.start()

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return None if self._process is None else self._process.exitcode

    @property
    def pid(self) -> int:
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        self.is_frozen = False
        self.wait(10.0)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)
        self.is_frozen = True

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)
        self.is_frozen = False

    def ask_to_end(self) -> None:
        """As by Ctrl-C."""
        self._signal(signal.SIGINT)

    def wait(self, patience_s: float) -> bool:
        """Whether it has ended within that time."""
        deadline_s = time.monotonic() + patience_s
        while self.is_alive and time.monotonic() < deadline_s:
            time.sleep(POLL_S)
        return not self.is_alive

    def close(self) -> None:
        """Whatever state it is in, it is gone afterwards."""
        if self.is_alive:
            self.kill()
        self._forget()

    def _signal(self, number: signal.Signals) -> None:
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _forget(self) -> None:
        if self._process is not None:
            self._process.join()
            self._process.close()
            self._process = None


def _run(entry: Entry, options: dict[str, Any], log: Path) -> None:
    """In the new process. Ctrl-C at the terminal is not for it, and it does not outlive who started
    it, however that ends."""
    os.setsid()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    entry(**options)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)

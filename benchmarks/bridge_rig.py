"""What the benchmarks of the bridge share: keys, commands as processes, what they take up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from hw_bridge.wire.keys import DeviceSecret, KeyStore, Role
from layouts import Layout

OPERATOR = "bench"
COMMAND = "from gridfleet.cli.main import main; main()"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
PORT = 21_500
"""Not one of those that the system gives to who connects."""
SEED = 0


def make_keys(folder: Path, n_units: int, layout: Layout) -> KeyStore:
    """Keys of units U0001 and so on, of the floor's stations, and of an operator."""
    store = KeyStore.create(folder)
    for number in range(1, n_units + 1):
        store.add(f"U{number:04d}", Role.UNIT)
    for station in layout.stations:
        store.add(station.name, Role.STATION)
    store.add(OPERATOR, Role.OPERATOR)
    return store


def operator_of(folder: Path) -> DeviceSecret:
    return KeyStore(folder).secret_of(OPERATOR)


def ports(n: int) -> list[int]:
    """Free ones."""
    found: list[int] = []
    port = PORT + os.getpid() % 1000 * 3
    while len(found) < n:
        try:
            socket.create_server(("127.0.0.1", port)).close()
            found.append(port)
        except OSError:
            pass
        port += 1
    return found


@dataclass(frozen=True, slots=True)
class Usage:
    """cpu_s: of processor time so far. rss_mb: memory now."""

    at_s: float
    cpu_s: float
    rss_mb: float


def usage_of(pid: int) -> Usage:
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return Usage(time.monotonic(), (int(stat[11]) + int(stat[12])) / TICKS, int(stat[21]) * PAGE_MB)


def share(before: Usage, after: Usage) -> float:
    """Of one processor."""
    return (after.cpu_s - before.cpu_s) / (after.at_s - before.at_s)


class Command:
    """A command of `gridfleet` in a process of its own; what it says is in a file."""

    def __init__(self, log: Path, *arguments: object) -> None:
        self.log, self._arguments = log, [str(argument) for argument in arguments]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        with self.log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, *self._arguments], stdout=file, stderr=file
            )
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def end(self, patience_s: float = 60.0) -> None:
        """As by Ctrl-C."""
        if self._process is not None and self.is_alive:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.end()


def wait_until(claim: Callable[[], object], patience_s: float, what: str) -> float:
    """Seconds until the claim holds. Ends the program where it does not in time."""
    began = time.monotonic()
    while not claim():
        if time.monotonic() - began > patience_s:
            sys.exit(f"not within {patience_s:g} s: {what}")
        time.sleep(0.01)
    return time.monotonic() - began


def table(rows: Sequence[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)

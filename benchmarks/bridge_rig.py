"""What the benchmarks of the bridge share: keys, commands as processes, what they take up."""

from __future__ import annotations

import argparse
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
from layouts import Layout, load

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
    return KeyStore(folder / "keys").secret_of(OPERATOR)


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


@dataclass(frozen=True, slots=True)
class Fleet:
    """A controller and its units in processes of their own, as people run them. control, truth:
    addresses of the operators' socket and of the side channel."""

    serve: Command
    emulate: Command
    control: str
    truth: str

    def __enter__(self) -> Self:
        self.emulate.start()
        self.serve.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.serve.end()
        self.emulate.end()


def fleet_options(doc: str, **defaults: object) -> argparse.ArgumentParser:
    """--layout, --units and --speed."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--layout", default="demo")
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.set_defaults(**defaults)
    return parser


def fleet_of(options: argparse.Namespace, folder: Path, *of_serve: object) -> Fleet:
    """Keys made, nothing started yet. options: as by fleet_options; of_serve: more words for
    `gridfleet serve`. What the commands write is in the folder: serve.log, emulate.log,
    run.journal, events.log."""
    keys = folder / "keys"
    make_keys(keys, options.units, load(options.layout))
    bind, control, truth = (f"tcp://127.0.0.1:{port}" for port in ports(3))
    same = ("--layout", options.layout, "--keys", keys, "--speed", options.speed, "--seed", SEED,
            "--quiet")  # fmt: skip
    emulate = Command(
        folder / "emulate.log", "emulate", *same, "--units", options.units, "--connect", bind,
        "--state", folder / "state", "--truth", truth, "--hours", 1000,
    )  # fmt: skip
    serve = Command(
        folder / "serve.log", "serve", *same, "--bind", bind, "--control", control, "--journal",
        folder / "run.journal", "--log", folder / "events.log", *of_serve,
    )  # fmt: skip
    return Fleet(serve, emulate, control, truth)


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

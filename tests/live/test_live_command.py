"""`gridfleet serve` and `gridfleet ctl` as people call them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from serve_command import PLAIN, runner, serve

from gridfleet.cli.main import app
from hw_bridge.wire.keys import KeyStore, Role
from layouts import load


def test_a_fleet_of_nobody_runs_to_its_planned_end(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, stdout, stderr = serve(
        tmp_path, *PLAIN, "--layout", "teaching", "--hours", "0.0003", "--out", str(out),
        "--metrics", "0",
    )  # fmt: skip
    assert code == 0, stderr
    assert "0 of 3 units have said where they stand" in stderr
    assert "nothing moves until it is known where U0001, U0002 and U0003 stand" in stderr
    assert "the planned time is over" in stderr
    assert {path.name for path in out.iterdir()} == {
        "scenario.toml", "kpis.json", "events.parquet", "report.html",
    }  # fmt: skip
    assert json.loads((out / "kpis.json").read_text())["partial"] is False
    assert "report: " in stdout
    for line in (tmp_path / "fleet.log").read_text().splitlines():
        assert {"event", "level", "logger", "timestamp"} <= set(json.loads(line))
    code, _, stderr = serve(tmp_path, *PLAIN)
    assert code == 2
    assert "planned end; begin a new journal" in stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--layout", "teaching"), "no keys: give --keys DIR"),
        (("--layout", "teaching", "--keys", "nowhere"), "nowhere: no keys here"),
        ((*PLAIN, "--layout", "teachin"), "did you mean"),
        ((*PLAIN, "--layout", "teaching", "--speed", "0"), "--speed is 0"),
        ((*PLAIN, "--layout", "teaching", "--bind", "tcp://0.0.0.0:0"), "anybody may command"),
        ((*PLAIN, "--layout", "teaching", "--bind", "here"), "no address to bind"),
        ((*PLAIN, "--layout", "teaching", "--robots", "0"), "give --robots"),
        ((*PLAIN, "--layout", "teaching", "--without", "U001"), "did you mean 'U0001'?"),
        ((*PLAIN, "--layout", "teaching", "--mqtt-unit", "V1"), "name it with --mqtt"),
        ((*PLAIN, "--layout", "teaching", "--mqtt-ca", "x"), "name it with --mqtt"),
        ((*PLAIN, "--layout", "teaching", "--mqtt", "broker:1883"), "write mqtt://HOST:PORT"),
        ((*PLAIN,), "no floor"),
        ((*PLAIN, "--layout", "teaching", "--out", "/proc/x"), "choose another folder"),
        ((*PLAIN, "--layout", "teaching", "--log", "/proc/x"), "the log cannot be written"),
        ((*PLAIN, "--layout", "teaching", "--wire-log", "/proc/x"), "cannot be written"),
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_is_said(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    code, _, stderr = serve(tmp_path, *options)
    assert code == 2, stderr
    assert told in stderr
    assert "Traceback" not in stderr
    assert not (tmp_path / "fleet.journal").exists() or "wire-log" in options[-2]


def test_units_that_are_off_the_floor_are_not_waited_for(tmp_path: Path) -> None:
    base = (*PLAIN, "--layout", "teaching", "--reserve", "U0009", "--without", "U0002")
    process = Process(tmp_path, *base, "--without", "U0001")
    text = process.until("not heard of yet")
    assert "0 of 3 units have said where they stand" in text
    assert "nothing moves until" not in text
    assert "U0009" in text
    process.stop(signal.SIGKILL)


def test_a_journal_goes_on_with_what_it_is_of(tmp_path: Path) -> None:
    short = ("--layout", "teaching", "--hours", "0.001", "--seed", "3")
    path = tmp_path / "fleet.journal"
    runs = serve(tmp_path, *PLAIN, *short)
    assert runs[0] == 0
    path.unlink()
    simulated = ["simulate", "teaching", "--hours", "0.01", "--journal", str(path), "--quiet",
                 "--out", str(tmp_path / "out")]  # fmt: skip
    assert runner.invoke(app, simulated).exit_code == 0
    code, _, stderr = serve(tmp_path, *PLAIN, *short)
    assert code == 2
    assert "is the journal of a simulated run" in stderr


def test_another_floor_or_seed_than_the_journals_is_refused(tmp_path: Path) -> None:
    process = Process(tmp_path, *PLAIN, "--layout", "teaching", "--seed", "3")
    process.until("nothing moves until")
    process.stop(signal.SIGKILL)
    code, _, stderr = serve(tmp_path, *PLAIN, "--layout", "demo", "--seed", "4")
    assert code == 2
    assert "its run has layout = 'teaching', not 'demo'" in stderr
    assert "its run has seed = 3, not 4" in stderr
    replayed = runner.invoke(app, ["replay", str(tmp_path / "fleet.journal")])
    assert replayed.exit_code == 0, replayed.stdout
    resumed = runner.invoke(app, ["resume", str(tmp_path / "fleet.journal")])
    assert resumed.exit_code == 2
    assert "gridfleet serve --journal" in resumed.stderr


# In processes of their own


class Process:
    """`gridfleet serve`, or another command, that somebody may kill."""

    def __init__(self, folder: Path, *options: str, command: str = "serve") -> None:
        journal, log = folder / "fleet.journal", folder / "fleet.log"
        base = (
            "serve",
            "--bind",
            "tcp://127.0.0.1:*",
            "--journal",
            str(journal),
            "--log",
            str(log),
        )
        words = (*base, *options) if command == "serve" else (command, *options)
        self.said = folder / f"{command}-{time.monotonic_ns()}.err"
        self._file = self.said.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from gridfleet.cli.main import main; main()", *words],
            stdout=subprocess.DEVNULL, stderr=self._file, cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        _ALIVE.append(self)

    def until(self, words: str, limit_s: float = 90.0) -> str:
        """What it has said, once it has said that."""
        end_s = time.monotonic() + limit_s
        while words not in (text := self.said.read_text()):
            assert self.process.poll() is None, text
            assert time.monotonic() < end_s, text
            time.sleep(0.05)
        return text

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(60.0)
        self._file.close()
        _ALIVE.remove(self)
        return code


_ALIVE: list[Process] = []


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    left = [process.said.read_text() for process in _ALIVE]
    for process in _ALIVE:
        process.stop(signal.SIGKILL)
    assert not left, left


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    store = KeyStore.create(tmp_path / "keys")
    for number in range(1, 7):
        store.add(f"U{number:04d}", Role.UNIT)
    for station in load("teaching").stations:
        store.add(station.name, Role.STATION)
    store.add("me", Role.OPERATOR)
    return tmp_path / "keys"


def waits_for(is_so: Callable[[], bool], limit_s: float = 90.0) -> None:
    end_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.1)


@pytest.mark.slow
def test_three_terminals(tmp_path: Path, keys: Path) -> None:
    """Keys, a controller, emulated units; the controller is killed and goes on; operators ask."""
    bind, control = f"tcp://127.0.0.1:{free_port()}", f"tcp://127.0.0.1:{free_port()}"
    options = ("--keys", str(keys), "--bind", bind, "--control", control)
    ask = ("--keys", str(keys), "--connect", control)

    def ctl(*words: str) -> tuple[int, str, str]:
        found = runner.invoke(app, ["ctl", *words, *ask])
        return found.exit_code, found.stdout, found.stderr

    def status() -> dict:
        return json.loads(ctl("status", "--json")[1])

    def begin(*more: str) -> Process:
        made = Process(tmp_path, *options, *more)
        made.until("units have said where")
        return made

    serving = begin("--layout", "teaching", "--speed", "4", "--out", str(tmp_path / "out"))
    emulated = Process(
        tmp_path, "--units", "6", "--layout", "teaching", "--keys", str(keys), "--connect", bind,
        "--speed", "4", "--state", str(tmp_path / "floor"), "--quiet", command="emulate",
    )  # fmt: skip
    waits_for(lambda: status()["work"]["lines_done"] > 0)
    text = ctl("status", "--units", "--links")[1]
    assert "6 working" in text
    assert "U0004" in text
    assert ctl("pause", "all")[0] == 0
    assert status()["is_all_stopped"] is True
    code, _, stderr = ctl("pause", "U004")
    assert (code, "did you mean 'U0004'?" in stderr) == (1, True)
    assert ctl("resume", "all")[0] == 0
    assert ctl("close", "corner", "1,1:2,2", "--speed-m-s", "0.5")[0] == 0
    assert "area corner is closed" in ctl("status")[1]
    assert ctl("open", "corner")[0] == 0
    sku = "nothing"
    assert ctl("order", f"{sku}:1", "--name", "rush")[0] == 1
    done = status()["work"]["lines_done"]
    serving.stop(signal.SIGKILL)
    serving = begin("--out", str(tmp_path / "out"))
    assert "goes on from" in serving.said.read_text()
    waits_for(lambda: status()["work"]["lines_done"] > done)
    assert status()["links"]["messages_lost"] == 0
    assert serving.stop(signal.SIGTERM) == 130
    assert re.search("stopping: nothing more is released", serving.said.read_text())
    assert emulated.stop() == 130
    figures = json.loads((tmp_path / "out" / "kpis.json").read_text())
    assert figures["partial"] is True
    assert figures["conflicts"] == 0
    assert runner.invoke(app, ["replay", str(tmp_path / "fleet.journal")]).exit_code == 0

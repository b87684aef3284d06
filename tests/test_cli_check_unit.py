"""`gridfleet check-unit`: verdicts, exit codes and bad input."""

from __future__ import annotations

import json
import runpy
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gridfleet.cli.main import app
from hw_bridge.agent.memory import ShortMemory
from hw_bridge.agent.run import run_unit
from hw_bridge.wire.keys import KeyStore, Role

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "custom_motors.py"
QUICK = ("introduces-itself", "sends-its-factsheet", "refuses-a-stale-update")


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["check-unit", *(str(argument) for argument in arguments)])


@pytest.fixture
def address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    store = KeyStore.create(tmp_path / "keys")
    store.add("R0001", Role.UNIT)
    store.add("S1", Role.STATION)
    return store


@pytest.fixture
def unit(store: KeyStore, address: str) -> Iterator[Any]:
    example = runpy.run_path(str(EXAMPLE))
    motors = example["DiffDrive"](example["Hardware"](0.5, 0.5, {}, cell_m=1.0, n_rows=1))
    is_over = threading.Event()
    thread = threading.Thread(
        target=run_unit,
        args=(motors, store.secret_of("R0001"), address, ShortMemory(), is_over.is_set),
        kwargs={"turn": motors.turn, "turn_s": 0.01},
    )
    thread.start()
    yield motors
    is_over.set()
    thread.join(timeout=20.0)
    assert not thread.is_alive()


@pytest.fixture
def floor(tmp_path: Path) -> Path:
    path = tmp_path / "lane.map"
    path.write_text("type octile\nheight 1\nwidth 6\nmap\n......\n")
    return path


def options(store: KeyStore, address: str, floor: Path) -> list[object]:
    return ["--keys", store.folder, "--bind", address, "--layout", floor]


def test_verdicts_as_a_table_and_as_json(
    store: KeyStore, address: str, floor: Path, unit: Any
) -> None:
    cases = [word for name in (*QUICK, "begins-a-session") for word in ("--case", name)]
    given = ["--serial", "R0001", *options(store, address, floor), *cases]
    result = call(*given)
    assert result.exit_code == 0, result.output
    assert "3 passed, 0 failed, 1 skipped" in result.output
    assert "give a command with --reboot" in result.output
    result = call(*given, "--json", "--reboot", "no-such-command")
    told = json.loads(result.output)
    assert [case["verdict"] for case in told["cases"]] == ["PASS", "PASS", "PASS", "SKIPPED"]
    assert told["serial"] == "R0001"


def test_a_case_that_fails_is_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, store: KeyStore, address: str, floor: Path, unit: Any
) -> None:
    monkeypatch.setattr("hw_bridge.agent.factsheet.INSTANT_ACTIONS", ())
    given = options(store, address, floor)
    result = call("--serial", "R0001", *given, "--case", "introduces-itself")
    assert result.exit_code == 1
    assert "FAIL    introduces-itself" in result.output
    assert "does not name cancelOrder, startPause, stopPause" in result.output


def test_no_unit_connects(store: KeyStore, address: str, floor: Path) -> None:
    result = call("--serial", "R0001", *options(store, address, floor), "--patience", 0.2)
    assert result.exit_code == 1
    assert "R0001 has not connected" in result.output


def test_bad_input(store: KeyStore, address: str, floor: Path) -> None:
    for arguments, told in (
        ((), ["no unit: give --serial", "no floor", "no keys"]),
        (("--serial", "R0002", *options(store, address, floor)), ["R0002: has no key of a unit"]),
        (("--serial", "S1", *options(store, address, floor)), ["S1: has no key of a unit"]),
        (("--serial", "R0001", "--keys", store.folder, "--layout", "dem"), ["dem"]),
        (("--case", "drivs"), ["drivs: no such case; did you mean drives?"]),
        (("--serial", "R0001", "--keys", floor, "--layout", floor), ["no keys here"]),
    ):
        result = call(*arguments)
        assert result.exit_code == 2, result.output
        for text in told:
            assert text in result.output


def test_the_cases_are_listed() -> None:
    lines = call("--list").output.splitlines()
    assert len(lines) >= 25
    assert any(line.startswith("drives ") for line in lines)

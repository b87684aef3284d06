"""The first run of a command at a terminal says why it takes longer."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numba
import pytest
from numba.core import event

from gridfleet.cli.compiling import TOLD, tell_of_compiling


@pytest.fixture
def listeners(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[event.Listener]]:
    """Ours that listen to the compiler, taken off after the test."""
    ours: list[event.Listener] = []
    register = event.register

    def note(kind: str, listener: event.Listener) -> None:
        if type(listener).__module__.startswith("gridfleet"):
            ours.append(listener)
        register(kind, listener)

    monkeypatch.setattr(event, "register", note)
    yield ours
    for listener in ours:
        event.unregister("numba:compile", listener)


def compile_something() -> None:
    for plus in (1, 2):
        assert numba.njit(lambda x, plus=plus: x + plus)(1) == 1 + plus


def test_it_is_told_once(
    listeners: list[event.Listener], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    tell_of_compiling(False)
    assert not capsys.readouterr().err, "nothing is compiled yet"
    compile_something()
    captured = capsys.readouterr()
    assert captured.err == f"{TOLD}\n"
    assert not captured.out


@pytest.mark.parametrize(("is_terminal", "is_quiet"), [(False, False), (True, True)])
def test_nobody_else_is_told(
    is_terminal: bool, is_quiet: bool, listeners: list[event.Listener],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    tell_of_compiling(is_quiet)
    compile_something()
    assert not capsys.readouterr().err
    assert not listeners

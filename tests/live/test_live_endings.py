"""What ends a live run beside its plan: broken invariants, a full disk, another controller."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live_twin import Controller, make_world

from fleet_control.backend import Commands, Reports, Request
from fleet_control.errors import InvariantError
from fleet_control.journal import Journal, JournalError, Kind
from gridfleet.journalled import replay_run
from gridfleet.live.run import Ending, UsurpedError
from gridfleet.wiring.units import CYCLE_S
from twin.linked import LinkedTwin


def paused_by(world: LinkedTwin, monkeypatch: pytest.MonkeyPatch) -> list[Commands]:
    """All that is sent from now on."""
    sent: list[Commands] = []
    send = LinkedTwin.send

    def note(self: LinkedTwin, commands: Commands) -> None:
        sent.append(commands)
        send(self, commands)

    monkeypatch.setattr(LinkedTwin, "send", note)
    return sent


def test_a_broken_invariant_halts_the_fleet_and_stays_in_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, world = tmp_path / "live.journal", make_world()
    controller = Controller(path, world)
    controller.drive(30.0)
    advance = LinkedTwin.advance

    def lie(self: LinkedTwin, until_s: float) -> Reports:
        reports = advance(self, until_s)
        return replace(reports, done=(reports.done + 40).astype(np.int32))

    monkeypatch.setattr(LinkedTwin, "advance", lie)
    sent = paused_by(world, monkeypatch)
    ended = controller.drive(30.0)
    assert ended.why is Ending.BROKEN
    assert isinstance(ended.failure, InvariantError)
    assert "a safety invariant broke" in ended.text
    assert ended.record.partial
    assert set(sent[-1].requests.kinds.tolist()) == {Request.PAUSE}
    assert not any(len(commands.releases.units) for commands in sent[-1:])
    assert ended.unconfirmed == (), "all have said that they stand"
    controller.die()
    monkeypatch.setattr(LinkedTwin, "advance", advance)
    assert replay_run(path).outcome.halted
    with pytest.raises(InvariantError, match="begin with a new journal"):
        Controller(path, world)
    with Journal.read(path) as journal:
        assert [*journal.records()][-1].kind is Kind.INPUT, "the evidence"


def test_where_the_journal_cannot_be_written_nothing_is_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    controller = Controller(tmp_path / "live.journal", world)
    controller.drive(10.0)
    sent = paused_by(world, monkeypatch)

    def fails(_: Journal) -> None:
        raise JournalError("the disk is full")

    monkeypatch.setattr(Journal, "commit", fails)
    ended = controller.drive(10.0)
    assert ended.why is Ending.BROKEN
    assert "the fleet cannot be controlled any more" in ended.text
    assert "the disk is full" in ended.text
    assert [len(commands.releases.units) for commands in sent] == [0]
    controller.die()


def test_a_controller_that_has_been_replaced_leaves_the_fleet_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    controller = Controller(tmp_path / "live.journal", world)
    controller.drive(10.0)
    sent = paused_by(world, monkeypatch)
    controller.run._usurper = lambda: 99
    ended = controller.drive(10.0)
    assert isinstance(ended.failure, UsurpedError)
    assert "another one commands the fleet now" in ended.text
    assert sent == []
    controller.die()


def test_a_damaged_end_is_not_gone_on_with(tmp_path: Path) -> None:
    path, world = tmp_path / "live.journal", make_world()
    controller = Controller(path, world)
    for _ in range(50):
        controller.run._cycle()  # an end that was asked for would leave a snapshot
    controller.die()
    with sqlite3.connect(path) as db:
        db.execute("update records set data = x'00' where number = 60")
    with pytest.raises(JournalError, match="what units have been released since then is not known"):
        Controller(path, world)


def test_time_that_was_lost_is_counted_and_not_made_up_for(tmp_path: Path) -> None:
    world = make_world()
    controller = Controller(tmp_path / "live.journal", world)
    run = controller.run
    controller.cycles(10)
    cycle = run.cycle
    run.time.now_s = lambda: (cycle + 6.5) * CYCLE_S  # the decision took so long
    run._cycle()
    assert (run.cycle, run.n_skipped, run.n_overruns) == (cycle + 6, 5, 1)
    controller.die()


def test_snapshots_are_taken_although_cycles_are_left_out(tmp_path: Path) -> None:
    path, world = tmp_path / "live.journal", make_world()
    controller = Controller(path, world)
    recorder = controller.books.recorder
    recorder._snapshot_cycles = 10
    for _ in range(12):
        controller.cycles(1)
        controller.run.cycle += 3
    assert recorder.snapshot_cycle > 10
    log = controller.run.brain.log
    assert len(log.columns()["kind"]) == len(log)
    controller.die()
    assert replay_run(path).outcome.difference == ""

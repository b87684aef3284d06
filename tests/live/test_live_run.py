"""The live loop over a twin: journal, restarts, stops, what breaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from live_twin import Controller, make_world

from fleet_control.events import EventKind
from fleet_control.journal import Journal, JournalError
from gridfleet.journalled import replay_run, resumed
from gridfleet.live.run import Ending


def lines_done(controller: Controller) -> int:
    return controller.run.brain.setup.n_done()


def test_a_run_works_and_can_be_replayed(tmp_path: Path) -> None:
    path, world = tmp_path / "live.journal", make_world()
    controller = Controller(path, world, until_s=300.0)
    ended = controller.run.run(lambda: False)
    controller.die()
    assert (ended.why, ended.failure, ended.record.partial) == (Ending.PLANNED, None, False)
    assert lines_done(controller) > 5
    found = replay_run(path).outcome
    assert (found.difference, found.damage, found.is_finished) == ("", "", True)
    assert found.n_cycles == 1501
    with pytest.raises(JournalError, match="planned end"):
        Controller(path, world)


def test_a_killed_controller_goes_on_where_it_was(tmp_path: Path) -> None:
    path, world = tmp_path / "live.journal", make_world()
    epochs = []
    for _ in range(4):
        controller = Controller(path, world)
        epochs.append(controller.books.epoch)
        before = lines_done(controller)
        controller.drive(47.0)
        assert lines_done(controller) > before or not epochs[1:]
        controller.die()
        world.advance_alone(world.time_s + 3.0)
    assert epochs == sorted(set(epochs)), "epochs grow"
    assert world.n_contacts == 0
    found = replay_run(path).outcome
    assert (found.difference, found.damage) == ("", "")
    events = controller.run.brain.log.columns()
    done = events["task"][events["kind"] == EventKind.TASK_DONE].tolist()
    assert len(done) == len(set(done))


def test_a_restart_decides_again_what_the_journal_holds(tmp_path: Path) -> None:
    path, world = tmp_path / "live.journal", make_world()
    controller = Controller(path, world)
    controller.run.books.recorder._snapshot_cycles = 100
    controller.drive(55.0)
    executor = controller.run.brain.controller.executor
    released, owners = executor.released.copy(), executor.owners.copy()
    controller.die()
    with Journal.read(path) as journal:
        last = journal.header()
    assert "R001" in last.live
    from gridfleet.live.books import resumed as resumed_live

    with resumed_live(path, 0.0) as books:
        assert books.brain is not None
        again = books.brain.controller.executor
        assert np.array_equal(again.released, released)
        assert np.array_equal(again.owners, owners)


def test_the_journals_of_live_and_simulated_runs_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "live.journal"
    Controller(path, make_world()).die()
    with pytest.raises(JournalError, match="gridfleet serve"), resumed(path):
        pass


def test_a_fleet_that_carries_pods_is_no_beginning(tmp_path: Path) -> None:
    world = make_world()
    controller = Controller(tmp_path / "first.journal", world)
    while not (world.connect().carried_pods >= 0).any():
        controller.die()
        controller = Controller(tmp_path / "first.journal", world)
        controller.drive(5.0)
    controller.die()
    with pytest.raises(Exception, match="begins with all pods in storage"):
        Controller(tmp_path / "second.journal", world)

"""Replaying: restarts in the middle of a journal, and differences in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fleet_control.backend import Commands, FleetState, no_releases, no_station_jobs
from fleet_control.journal import Journal, Recorder, recover
from fleet_control.journal.compare import first_difference
from gridfleet.journal_head import header_of, make_codec
from gridfleet.journalled import replay_run
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from gridfleet.wiring.units import CYCLE_S

SCENARIO = Scenario(layout="teaching", hours=0.1, seed=5)


def restarted(path: Path, cycles: int, at: int) -> None:
    """A run whose controller connects once more in the middle, as after a restart: the units stand
    by then and begin new streams."""
    simulation, codec = Simulation(SCENARIO), make_codec()
    twin = simulation._twin
    header = header_of(SCENARIO, simulation.layout)
    with Journal.create(path, header, "now", "NORMAL") as journal:
        recorder = Recorder(journal, codec, 90)
        recorder.connected(simulation.state_at_start)
        time_s = 0.0
        for cycle in range(cycles):
            if cycle == at:
                time_s += 60.0
                reports = twin.advance(time_s)
                recorder.take(cycle - 1, reports)
                recorder.decide(cycle - 1, simulation.decide(reports))
                state = twin.connect()
                recorder.reconnected(cycle, state)
                recorder.decide(cycle, simulation.reconcile(state))
            reports = twin.advance(time_s)
            recorder.take(cycle, reports)
            commands = simulation.decide(reports)
            recorder.decide(cycle, commands)
            twin.send(commands)
            recorder.rest(cycle + 1, simulation)
            time_s += CYCLE_S


def test_a_reconnect_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    restarted(path, cycles=230, at=200)
    found = replay_run(path).outcome
    assert (found.difference, found.damage, found.halted) == ("", "", "")
    assert (found.n_cycles, found.next_cycle) == (232, 230)
    skeleton = Simulation(SCENARIO)
    with Journal.read(path) as journal:
        recovered = recover(journal, make_codec(), skeleton)
    assert (recovered.next_cycle, recovered.n_replayed) == (230, 52)


def commands(cells: list[int]) -> Commands:
    columns = [np.arange(len(cells)), np.arange(len(cells)) + 7, np.array(cells, dtype=int)]
    releases = no_releases()
    values = [column.astype(np.int32) for column in columns]
    acts = np.zeros(len(cells), dtype=np.int8)
    return Commands(type(releases)(*values, acts), no_station_jobs())


@pytest.mark.parametrize(
    ("kept", "made", "words"),
    [
        ([3, 4], [3, 4], ""),
        (
            [3, 4, 5],
            [3, 9, 5],
            "releases, row 2: unit 1, step 8, cell 4 (place 4), act 0 journalled, "
            "unit 1, step 8, cell 9 (place 9), act 0 recomputed",
        ),
        (
            [3, 4],
            [3],
            "releases, row 2: unit 1, step 8, cell 4 (place 4), act 0 journalled, "
            "nothing recomputed",
        ),
        ([], [6], "releases, row 1: nothing journalled, unit 0, step 7, cell 6 (place 6), act 0 "
                  "recomputed"),
    ],
)  # fmt: skip
def test_a_difference_in_words(kept: list[int], made: list[int], words: str) -> None:
    assert first_difference(commands(kept), commands(made), lambda cell: f"place {cell}") == words


def test_other_differences_in_words() -> None:
    state = FleetState(1.0, *(np.zeros(2, dtype=np.int32) for _ in range(4)))
    later = FleetState(2.0, *(np.zeros(2, dtype=np.int32) for _ in range(4)))
    assert first_difference(state, later) == "time_s: 1.0 journalled, 2.0 recomputed"
    assert first_difference((1, 2), (1,)) == ": 2 entries journalled, 1 recomputed"
    remembering = FleetState(1.0, *(np.zeros(2, dtype=np.int32) for _ in range(5)))
    assert first_difference(state, remembering) == "done: NoneType journalled, ndarray recomputed"
    speeds = np.ones(2, dtype=np.float32)
    one = commands([1, 2]).releases
    other = type(one)(one.units, one.steps, one.cells, one.acts, speeds)
    assert first_difference(one, other) == "speeds_m_s: NoneType journalled, ndarray recomputed"

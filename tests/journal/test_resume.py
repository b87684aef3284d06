"""Runs that are killed and go on: nothing lost, nothing twice, and the same results to the byte."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from fleet_control.journal import Journal, JournalError, Kind
from fleet_control.journal.records import Record
from gridfleet import journal_head, journalled
from gridfleet.cli.main import app
from gridfleet.journal_head import make_codec
from gridfleet.journalled import begun, recover_controller, replay_run, resumed
from gridfleet.kpis import kpis
from gridfleet.record import RunRecord
from gridfleet.scenario import Scenario
from gridfleet.scenario_tables import DemandTable, Parcels
from gridfleet.simulation import Simulation

CLOCKS = ("wall_s", "plan_ms", "speed_x_real_time")
FLOORS = {
    "teaching": Scenario(layout="teaching", hours=0.06, seed=3),
    "sortation": Scenario(layout="sortation", hours=0.04, seed=2),
    "faults": Scenario(layout="teaching", hours=0.06, seed=1),
    "closed backlog": Scenario(
        layout="teaching", hours=0.06, seed=4, demand=DemandTable(keep_waiting=3)
    ),
    "closed backlog of parcels": Scenario(
        layout="sortation", hours=0.04, seed=4, parcels=Parcels(keep_waiting=5)
    ),
}
FAULTS = """
[random]
faults_per_hour = 200
kinds = ["stop", "slow", "reboot", "link-noise"]
seed = 3

[[fault]]
kind = "kill-controller"
at = "0:01:00"
seconds = 3
point = "before-send"
"""
"""Things go wrong in the world, and the controller is killed in it, before the process is."""


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def outcome(record: RunRecord) -> tuple[dict[str, bytes], dict[str, Any]]:
    """All that a run leaves, but for wall clocks."""
    figures = {name: value for name, value in kpis(record).items() if name not in CLOCKS}
    return {name: column.tobytes() for name, column in record.events.items()}, figures


def records_in(path: Path) -> list[Record]:
    with Journal.read(path) as journal:
        return list(journal.records())


@pytest.fixture(autouse=True)
def no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports take longer to draw than these runs, and are tested elsewhere."""
    monkeypatch.setattr("gridfleet.report.write_report", lambda *_: None)


@pytest.fixture(autouse=True, scope="module")
def frequent_snapshots() -> Iterator[None]:
    """Several in a short run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journalled, "SNAPSHOT_CYCLES", 150)
        yield


@pytest.fixture(scope="module", params=FLOORS)
def scenario(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    scenario = FLOORS[request.param]
    if request.param != "faults":
        return scenario
    file = tmp_path_factory.mktemp("faults") / "faults.toml"
    file.write_text(FAULTS)
    return msgspec.structs.replace(scenario, faults=str(file))


@pytest.fixture(scope="module")
def undisturbed(
    scenario: Scenario, tmp_path_factory: pytest.TempPathFactory
) -> tuple[tuple[dict[str, bytes], dict[str, Any]], Path]:
    """The outcome without a journal, and the journal of the same run with one."""
    path = tmp_path_factory.mktemp("undisturbed") / "run.journal"
    simulation = Simulation(scenario)
    with begun(simulation, path) as recorder:
        expected = outcome(simulation.run(recorder=recorder))
    if not simulation.needs_journal:
        assert outcome(Simulation(scenario).run()) == expected
    return expected, path


def killed(work: Callable[[], object], at_commit: int, *, is_before: bool) -> None:
    """Do the work in a process that kills itself at that commit of its journal, or at its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = multiprocessing.get_context("fork").Process(
            target=_work_and_die, args=(work, at_commit, is_before)
        )
        child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL


def _work_and_die(work: Callable[[], object], at_commit: int, is_before: bool) -> None:
    commit, n_commits = Journal.commit, 0

    def counted(self: Journal) -> None:
        nonlocal n_commits
        n_commits += 1
        if n_commits == at_commit and is_before:
            os.kill(os.getpid(), signal.SIGKILL)
        commit(self)
        if n_commits == at_commit:
            os.kill(os.getpid(), signal.SIGKILL)

    Journal.commit = counted  # type: ignore[method-assign]
    work()
    os.kill(os.getpid(), signal.SIGKILL)


def begin(scenario: Scenario, path: Path) -> None:
    simulation = Simulation(scenario)
    with begun(simulation, path) as recorder:
        simulation.run(recorder=recorder)


def go_on(path: Path) -> RunRecord:
    with resumed(path) as one:
        return one.simulation.run(recorder=one.recorder)


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_run_ends_as_if_nothing_had_been(
    scenario: Scenario, undisturbed: Any, tmp_path: Path, seed: int
) -> None:
    """Killed twice, before or after a commit, which is before or after a decision counts."""
    expected, whole = undisturbed
    path, rng = tmp_path / "run.journal", np.random.default_rng(seed)
    first, second = (int(number) for number in rng.integers(1, 700, 2))
    is_before = [bool(coin) for coin in rng.integers(2, size=2)]
    killed(lambda: begin(scenario, path), first, is_before=is_before[0])
    killed(lambda: go_on(path), second, is_before=is_before[1])
    assert outcome(go_on(path)) == expected, f"seed {seed}"
    assert [r.data for r in records_in(path)] == [r.data for r in records_in(whole)]


def test_killed_while_a_snapshot_is_taken(
    scenario: Scenario, undisturbed: Any, tmp_path: Path
) -> None:
    path = tmp_path / "run.journal"

    def work() -> None:
        Journal.take_snapshot = lambda *_: os.kill(  # type: ignore[method-assign, assignment]
            os.getpid(), signal.SIGKILL
        )
        begin(scenario, path)

    killed(work, 1 << 30, is_before=True)
    assert outcome(go_on(path)) == undisturbed[0]


def test_an_interrupted_run_goes_on(scenario: Scenario, undisturbed: Any, tmp_path: Path) -> None:
    """Ctrl-C: what there is is a result; once interrupted again while it catches up."""
    path = tmp_path / "run.journal"
    asked = iter([False] * 333 + [True])
    simulation = Simulation(scenario)
    with begun(simulation, path) as recorder:
        assert simulation.run(None, lambda: next(asked), recorder).partial
    for n_more in (0, 40):
        stops = iter([False] * n_more + [True])
        with resumed(path) as one:
            assert one.simulation.run(None, lambda stops=stops: next(stops), one.recorder).partial
    assert outcome(go_on(path)) == undisturbed[0]


def test_a_finished_run_says_so_and_gives_its_result_again(
    undisturbed: Any, tmp_path: Path
) -> None:
    expected, whole = undisturbed
    path = Path(shutil.copy(whole, tmp_path))
    before = records_in(path)
    with resumed(path) as one:
        assert one.is_finished
        assert "the run is finished; its result is written again" in one.notes
        assert outcome(one.simulation.run(recorder=one.recorder)) == expected
    assert records_in(path) == before


def test_a_controller_alone_is_recovered_under_a_second_world(
    scenario: Scenario, undisturbed: Any, tmp_path: Path
) -> None:
    path = tmp_path / "run.journal"
    killed(lambda: begin(scenario, path), 420, is_before=False)
    codec, whole = make_codec(), records_in(undisturbed[1])
    skeleton = Simulation(scenario)
    with Journal.read(path) as journal:
        found = recover_controller(journal, skeleton)
    n_kept = len(records_in(path))
    assert found.next_cycle == whole[n_kept].cycle
    assert found.last is not None
    assert codec.encode(found.last) == whole[n_kept - 1].data
    for row in range(n_kept, n_kept + 80, 2):
        reports, operations = codec.decode(whole[row].data)
        assert codec.encode(skeleton.decide(reports, operations)) == whole[row + 1].data


# Damage


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_journal_is_gone_on_with_as_far_as_it_is_sound(
    undisturbed: Any, tmp_path: Path, seed: int
) -> None:
    expected, whole = undisturbed
    path, rng = tmp_path / "run.journal", np.random.default_rng(seed)
    data = bytearray(whole.read_bytes())
    if seed % 2:
        data = data[: int(rng.integers(len(data) // 4, len(data)))]
    else:
        for _ in range(4):
            page = int(rng.integers(12, len(data) // 4096))
            data[page * 4096 : (page + 1) * 4096] = rng.bytes(4096)
    path.write_bytes(data)
    with resumed(path) as one:
        notes = "\n".join(one.notes)
        assert outcome(one.simulation.run(recorder=one.recorder)) == expected, f"seed {seed}"
    if "not sound" in notes:
        assert path.with_name("run.journal.damaged-1").read_bytes() == data
    else:
        assert seed % 2 == 0, "a cut file was not noticed"


# Replay


def rewritten(path: Path, new: Path, change: Callable[[Record], bytes]) -> None:
    """The same journal with other decisions, every checksum right."""
    with Journal.read(path) as old, Journal.create(new, old.header(), "now", "NORMAL") as journal:
        for record in old.records():
            journal.append(record.kind, record.cycle, change(record))
        journal.commit()


def test_replay_confirms_every_decision(undisturbed: Any) -> None:
    found = replay_run(undisturbed[1])
    n_decisions = sum(r.kind is Kind.DECISION for r in records_in(undisturbed[1]))
    assert found.outcome.n_cycles == n_decisions
    assert found.outcome.is_finished
    assert not found.outcome.difference
    assert not found.outcome.damage
    assert not found.notes


def test_replay_finds_the_first_decision_that_differs(undisturbed: Any, tmp_path: Path) -> None:
    codec = make_codec()
    chosen = next(
        record for record in records_in(undisturbed[1])
        if record.kind is Kind.DECISION and record.cycle > 200
        and len(codec.decode(record.data).releases.units) > 1
    )  # fmt: skip
    was = codec.decode(chosen.data).releases.cells[1]

    def change(record: Record) -> bytes:
        if record.number < chosen.number or record.kind is not Kind.DECISION:
            return record.data
        commands = codec.decode(record.data)
        commands.releases.cells[1:2] += 1
        return codec.encode(commands)

    path = tmp_path / "other.journal"
    rewritten(undisturbed[1], path, change)
    result = call("replay", path)
    assert result.exit_code == 1, result.output
    minutes, seconds = divmod(chosen.cycle * 0.2, 60)
    assert (
        f"cycle {chosen.cycle}, at 0:{int(minutes):02d}:{seconds:04.1f}: decision" in result.stdout
    )
    assert "releases, row 2: unit " in result.stdout
    assert f"cell {was + 1} (row " in result.stdout.split("journalled")[0]
    assert f"cell {was} (row " in result.stdout.split("journalled")[1]
    figures = json.loads(call("replay", path, "--json").stdout)
    assert (figures["same"], figures["decisions"]) == (False, chosen.cycle)
    with pytest.raises(Exception, match="does not come out as it is in the journal"):
        go_on(path)


def test_replay_says_where_a_damaged_journal_ends(undisturbed: Any, tmp_path: Path) -> None:
    path = tmp_path / "cut.journal"
    data = undisturbed[1].read_bytes()
    path.write_bytes(data[: len(data) // 2])
    result = call("replay", path)
    assert result.exit_code == 2
    assert "decisions are the same, as far as it goes" in result.stdout
    assert "nothing behind it can be replayed" in result.stderr


def test_a_journal_of_other_code_is_replayed_with_a_note_and_not_gone_on_with(
    undisturbed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(undisturbed[1], tmp_path))
    for module in (journal_head, journalled):
        monkeypatch.setattr(module, "code_fingerprint", lambda: "other")
    before = path.read_bytes()
    result = call("resume", path, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "was written by other code of version" in result.stderr
    assert "get that code back, or `gridfleet replay`" in result.stderr
    assert path.read_bytes() == before
    assert sorted(name.name for name in tmp_path.iterdir()) == [path.name]
    result = call("replay", path)
    assert result.exit_code == 0
    assert "was written by other code" in result.stdout


def test_a_journal_of_another_version_is_not_gone_on_with(
    undisturbed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(undisturbed[1], tmp_path))
    monkeypatch.setattr(journal_head, "own_version", lambda: "9.9")
    result = call("resume", path, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "a run goes on only with the version that began it" in result.stderr


# Commands


def test_a_real_kill_in_the_middle_of_a_command(tmp_path: Path) -> None:
    path, out = tmp_path / "run.journal", tmp_path / "run"
    arguments = ["teaching", "--hours", "0.1", "--quiet"]
    assert call("simulate", *arguments, "--out", tmp_path / "whole").exit_code == 0
    code = "from gridfleet.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "simulate", *arguments, "--journal", path, "--out", out],
        stdout=subprocess.DEVNULL,
    )
    deadline_s = time.monotonic() + 120
    while n_records(path) < 1240:
        assert process.poll() is None
        assert time.monotonic() < deadline_s
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
    result = call("resume", path, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    assert "goes on from the snapshot at 0:0" in result.stderr
    whole, again = tmp_path / "whole", out
    for name in ("events.parquet", "scenario.toml"):
        assert (whole / name).read_bytes() == (again / name).read_bytes()
    figures = [json.loads((folder / "kpis.json").read_text()) for folder in (whole, again)]
    assert json.loads(result.stdout) == figures[1]
    for name in CLOCKS:
        assert figures[1][name] != 0
        figures[0].pop(name), figures[1].pop(name)
    assert figures[0] == figures[1]
    assert call("replay", path).exit_code == 0


def n_records(path: Path) -> int:
    try:
        with Journal.read(path) as journal:
            row = journal.raw().execute("select max(number) from records").fetchone()
            return row[0] or 0
    except Exception:  # it is being made
        return 0


def test_a_journal_is_no_place_for_a_second_run(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    (tmp_path / "notes.txt").write_text("mine")
    for name, message in (("notes.txt", "is no journal"), (".", "is a folder")):
        result = call("simulate", "teaching", "--journal", tmp_path / name, "--out", tmp_path / "r")
        assert result.exit_code == 2
        assert message in result.stderr
    with begun(Simulation(FLOORS["teaching"]), path):
        result = call("resume", path, "--out", tmp_path / "run")
        assert result.exit_code == 2
        assert f"is held by another controller (process {os.getpid()}, since 2" in result.stderr
    result = call("simulate", "teaching", "--journal", path, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert f"is a journal already; go on with it by `gridfleet resume {path}" in result.stderr
    assert sorted(name.name for name in tmp_path.iterdir()) == ["notes.txt", "run.journal"]


def test_a_changed_floor_is_refused(tmp_path: Path) -> None:
    floor, path = tmp_path / "open.map", tmp_path / "run.journal"
    floor.write_text("type octile\nheight 6\nwidth 12\nmap\n" + "............\n" * 6)
    stopped = Simulation(Scenario(layout=str(floor), robots=4, hours=0.05))
    asked = iter([False] * 50 + [True])
    with begun(stopped, path) as recorder:
        stopped.run(None, lambda: next(asked), recorder)
    old = floor.read_text()
    floor.write_text(old.replace("............\n", "....@.......\n", 1))
    for command in (["resume", path, "--out", tmp_path / "run"], ["replay", path]):
        result = call(*command)
        assert result.exit_code == 2
        assert "is not what it was when the run began; put the old one back" in result.stderr
    floor.write_text(old)
    assert call("resume", path, "--out", tmp_path / "run", "--quiet").exit_code == 0


def test_changed_guidance_is_refused(tmp_path: Path) -> None:
    floor, table, path = tmp_path / "open.map", tmp_path / "g.npy", tmp_path / "run.journal"
    floor.write_text("type octile\nheight 6\nwidth 12\nmap\n" + "............\n" * 6)
    np.save(table, np.ones((72, 4)))
    scenario = Scenario(layout=str(floor), robots=4, hours=0.05, guidance=str(table))
    asked = iter([False] * 50 + [True])
    stopped = Simulation(scenario)
    with begun(stopped, path) as recorder:
        stopped.run(None, lambda: next(asked), recorder)
    np.save(table, np.full((72, 4), 2.0))
    result = call("resume", path, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "the guidance" in result.stderr
    np.save(table, np.ones((72, 4)))
    assert call("resume", path, "--out", tmp_path / "run", "--quiet").exit_code == 0


def test_a_run_under_congestion_costs_goes_on_to_the_same_result(tmp_path: Path) -> None:
    floor, path = tmp_path / "open.map", tmp_path / "run.journal"
    floor.write_text("type octile\nheight 6\nwidth 12\nmap\n" + "............\n" * 6)
    scenario = Scenario(layout=str(floor), robots=16, hours=0.1, guidance="online")
    whole = Simulation(scenario).run()
    asked = iter([False] * 400 + [True])
    stopped = Simulation(scenario)
    with begun(stopped, path) as recorder:
        stopped.run(None, lambda: next(asked), recorder)
    result = call("resume", path, "--out", tmp_path / "run", "--quiet", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["tasks_done"] == kpis(whole)["tasks_done"]


def test_a_full_disk_stops_the_fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, n_commits = Journal.commit, 0

    def full(self: Journal) -> None:
        nonlocal n_commits
        n_commits += 1
        if n_commits > 50:
            raise JournalError("run.journal: cannot be written, so nothing more may be sent: full")
        commit(self)

    path = tmp_path / "run.journal"
    monkeypatch.setattr(Journal, "commit", full)
    result = call(
        "simulate", "teaching", "--hours", 0.05, "--journal", path, "--out", tmp_path / "r"
    )
    assert result.exit_code == 1, result.output
    assert "nothing more may be sent: full" in result.stderr
    monkeypatch.setattr(Journal, "commit", commit)
    assert len(records_in(path)) == 99
    assert call("resume", path, "--out", tmp_path / "r", "--quiet").exit_code == 0


def test_a_halted_run_is_replayed_up_to_its_halt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fleet_control.controller import Controller
    from fleet_control.errors import InvariantError

    step = Controller.step

    def breaking(self: Controller, *arguments: Any) -> Any:
        if arguments[0].time_s > 30.0:
            raise InvariantError("unit 3 is on a cell held by unit 4")
        return step(self, *arguments)

    path = tmp_path / "run.journal"
    monkeypatch.setattr(Controller, "step", breaking)
    call("simulate", "teaching", "--hours", 0.05, "--journal", path, "--out", tmp_path / "r")
    records = records_in(path)
    assert records[-1].kind is Kind.INPUT
    result = call("replay", path)
    assert result.exit_code == 0
    assert "the controller halts, as it did: unit 3 is on a cell held by unit 4" in result.stdout

"""Cases over the wire: sound ones are, and what must never happen is seen when it does."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import wire_sabotage
from processors import share_of_processors
from typer.testing import CliRunner

from gridfleet.cli.main import app
from gridfleet.torture import campaign
from gridfleet.torture.campaign import run_campaign
from gridfleet.torture.oracle import Violation
from gridfleet.torture.result import CaseResult
from gridfleet.torture.wire.case import Line, WireCase, draw_wire_case
from gridfleet.torture.wire.commands import ENTRIES, run_controller, run_emulator
from gridfleet.torture.wire.entries import Entries
from gridfleet.torture.wire.faults import Fault, WireFault, draw_wire_faults
from gridfleet.torture.wire.holdings import Holdings
from gridfleet.torture.wire.run import Conditions, WireRun, run_wire_case
from gridfleet.torture.wire.truth_log import read_truth

SEEDS, PORTION = 50, 10
PORTIONS = [range(first, first + PORTION) for first in range(0, SEEDS, PORTION)]
CROWDED = 12


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    deadline_s = time.monotonic() + 20.0  # those of a pool end by themselves
    while left := multiprocessing.active_children():
        assert time.monotonic() < deadline_s, f"processes are left: {left}"


def run(
    folder: Path, case: WireCase, faults: list[Fault], entries: Entries, rest_s: float = 200.0
) -> CaseResult:
    conditions = Conditions(entries, rest_s=rest_s, stops_early=True)
    return WireRun(case, faults, folder, conditions).run()


def say(result: CaseResult) -> str:
    return "\n".join(map(str, result.violations))


def test_a_case_is_the_same_every_time() -> None:
    for seed in range(20):
        first, second = draw_wire_case(seed), draw_wire_case(seed)
        assert (first.lines, first.unit_cells) == (second.lines, second.unit_cells)
        faults = draw_wire_faults(first)
        assert faults == draw_wire_faults(second)
        assert all(fault.ends_s <= first.faults_s + 1e-9 for fault in faults)


def test_every_fault_is_drawn() -> None:
    drawn = {f.kind for seed in range(60) for f in draw_wire_faults(draw_wire_case(seed))}
    assert drawn == set(WireFault)


def test_a_case_with_a_bit_of_everything_is_sound(tmp_path: Path) -> None:
    case = draw_wire_case(CROWDED)
    faults = [
        Fault(WireFault.KILL_CONTROLLER, 6.0, 2.0),
        Fault(WireFault.CUT, 9.0, 4.0),
        Fault(WireFault.KILL_EMULATOR, 14.0, 2.0),
    ]
    result = run(tmp_path, case, faults, ENTRIES)
    assert result.is_sound, say(result)
    assert result.faults == {fault.kind: 1 for fault in faults}
    assert sum(1 for _ in read_truth(tmp_path / "truth.bin")) > 100
    told = json.loads((tmp_path / "result.json").read_text())
    assert told["sound"]
    assert told["messages"]["up"]["taken"] > 100


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seeds", PORTIONS, ids=lambda seeds: f"from-{seeds.start}")
def test_fifty_seeds_are_sound(seeds: range) -> None:
    """In portions, so that test processes share them."""
    conditions = Conditions(ENTRIES)  # folders of failed cases outlive the test
    workers = 2 * share_of_processors()
    tally = run_campaign(seeds, workers, run=partial(run_wire_case, conditions=conditions))
    assert tally.seeds == PORTION
    told = [f"seed {f.seed}, {f.folder}: {v}" for f in tally.failed for v in f.violations[:4]]
    assert not tally.failed, "\n".join(told)
    assert sum(tally.faults.values()) > 3 * PORTION


# What must never happen is seen


class Blind(Holdings):
    def take(self, now_s: float) -> None:
        pass

    def look(self, unit: int, cells: set[int], time_s: float) -> None:
        pass


LOSING = 13
"""A case in which others come to drive where lost units stand."""


def losing_units() -> tuple[WireCase, list[Fault]]:
    """A crowd with more to do than can be done, of which one unit after the other is lost."""
    base = draw_wire_case(LOSING)
    lines = tuple(Line(f"O{n}", f"K{n % 4}", 1 + n % 3, n % 8) for n in range(40))
    case = replace(base, lines=lines, max_working=base.n_units)
    lost = enumerate(case.serials[::2])
    return case, [Fault(WireFault.CUT, 10.0 + 4.0 * n, 150.0, (one,)) for n, one in lost]


CARELESS = Entries(wire_sabotage.controller_that_frees_lost_units, run_emulator)


TIMES = 4
"""Whether somebody comes by before a lost unit is heard again is a matter of real time: about once
in ten runs nobody does."""


def watch_losing(
    folder: Path, is_seen: Callable[[CaseResult], bool], is_blind: bool = False
) -> CaseResult:
    """The last of a few runs, or the first in which it is seen."""
    case, faults = losing_units()
    for attempt in range(TIMES):
        here = folder / str(attempt)
        here.mkdir()
        one = WireRun(case, faults, here, Conditions(CARELESS, rest_s=100.0, stops_early=True))
        if is_blind:
            one.holdings = Blind(case.layout, case.serials, case.unit_cells)
        result = one.run()
        if is_seen(result):
            break
    return result


def test_cells_of_lost_units_that_are_freed_are_seen(tmp_path: Path) -> None:
    result = watch_losing(tmp_path, lambda one: "held" in {v.kind for v in one.violations})
    assert "held" in {violation.kind for violation in result.violations}, say(result)


def test_bodies_that_overlap_are_seen(tmp_path: Path) -> None:
    """The same, watched until two meet: nothing but the side channel is looked at."""
    result = watch_losing(tmp_path, lambda one: one.overlaps > 0, is_blind=True)
    assert result.overlaps, say(result)


def test_a_doubled_line_is_seen(tmp_path: Path) -> None:
    entries = Entries(run_controller, wire_sabotage.emulator_that_doubles_a_line)
    result = run(tmp_path, draw_wire_case(CROWDED), [], entries)
    assert result.doubled_tasks
    assert "2 times" in say(result)


def test_a_lost_line_is_seen(tmp_path: Path) -> None:
    entries = Entries(run_controller, wire_sabotage.emulator_that_loses_a_line)
    result = run(tmp_path, draw_wire_case(CROWDED), [], entries, rest_s=60.0)
    assert result.is_stuck
    assert "lines are not done" in say(result)


def test_a_controller_that_fails_is_seen(tmp_path: Path) -> None:
    (tmp_path / "run.journal").write_text("no journal")
    result = run(tmp_path, draw_wire_case(CROWDED), [], ENTRIES)
    assert [violation.kind for violation in result.violations][:1] == ["halted"]
    assert "controller.log" in say(result)


# The command


def test_the_command_tells_where_a_failed_case_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = CaseResult(
        7, {"cut": 1}, overlaps=1, violations=(Violation(3.0, "overlap", "units 0 and 1 overlap"),),
        folder="/somewhere/gridfleet-wire-7",
    )  # fmt: skip
    monkeypatch.setattr("gridfleet.torture.wire.run.run_wire_case", lambda seed, conditions: bad)
    result = CliRunner().invoke(
        app, ["torture", "--wire", "--seeds", "1", "--seed", "7", "--workers", "1", "--json"]
    )
    assert result.exit_code == 1
    assert json.loads(result.stdout)["overlaps"] == 1
    assert "/somewhere/gridfleet-wire-7" in result.stderr
    assert "gridfleet torture --wire --seeds 1 --seed 7" in result.stderr


@pytest.mark.parametrize("options", [["--speed", "2"], ["--keep", "x"], ["--wire", "--speed", "0"]])
def test_bad_usage_of_the_wire_exits_with_2(options: list[str]) -> None:
    result = CliRunner().invoke(app, ["torture", "--seeds", "1", *options])
    assert result.exit_code == 2
    assert campaign.run_case  # nothing has run

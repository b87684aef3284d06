"""Many seeds: the everyday campaign, the large one, processes, and the command."""

from __future__ import annotations

import json
import os
import signal

import pytest
from processors import share_of_processors
from typer.testing import CliRunner, Result

from gridfleet.cli.main import app
from gridfleet.torture import campaign
from gridfleet.torture.campaign import run_campaign
from gridfleet.torture.oracle import Violation
from gridfleet.torture.result import CaseResult, Tally

EVERYDAY, LARGE, PORTION = 30, 1000, 100
LARGE_PORTIONS = [range(n, n + PORTION) for n in range(EVERYDAY, EVERYDAY + LARGE, PORTION)]
KEYS = ["seeds", "faults", "overlaps", "lost_tasks", "doubled_tasks", "stuck"]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["torture", *(str(argument) for argument in arguments)])


def say(tally: Tally) -> str:
    return "\n".join(f"seed {f.seed}: {v}" for f in tally.failed for v in f.violations[:4])


def test_everyday_seeds_are_sound() -> None:
    tally = run_campaign(range(EVERYDAY), share_of_processors())
    assert not tally.failed, say(tally)
    assert sum(tally.faults.values()) > 5 * EVERYDAY


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seeds", LARGE_PORTIONS, ids=lambda seeds: f"from-{seeds.start}")
def test_a_thousand_seeds_are_sound(seeds: range) -> None:
    """In portions, so that test processes share them."""
    tally = run_campaign(seeds, share_of_processors())
    assert tally.seeds == PORTION
    assert not tally.failed, say(tally)


def test_processes_change_nothing() -> None:
    sums: list[list[int]] = []
    for workers in (1, 2):
        seen: list[int] = []
        tally = run_campaign(
            range(5, 9), workers, lambda so_far, seen=seen: seen.append(so_far.seeds)
        )
        assert seen == [1, 2, 3, 4]
        sums.append([tally.seeds, *tally.faults.values(), round(tally.sim_s * 10)])
    assert sums[0] == sums[1]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_campaign_that_is_stopped_holds_what_there_is(workers: int) -> None:
    assert run_campaign(range(50), workers, should_stop=lambda: True).seeds == 1


def test_json_has_the_promised_keys() -> None:
    result = call("--seeds", 2, "--seed", 7, "--workers", 1, "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert list(figures)[: len(KEYS)] == KEYS
    assert figures["seeds"] == 2
    assert isinstance(figures["faults"], dict)


def test_people_get_a_table() -> None:
    result = call("--seeds", 2, "--workers", 1)
    assert result.exit_code == 0, result.output
    assert [line.split("  ")[0] for line in result.stdout.splitlines()][:6] == [
        "seeds", "faults", "overlaps", "lost tasks", "doubled tasks", "stuck",
    ]  # fmt: skip


def test_what_is_found_is_told_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    violations = tuple(Violation(62.5 + i, "overlap", "units 1 and 2 overlap") for i in range(11))
    bad = CaseResult(4, {"stop": 2}, overlaps=11, violations=violations, sim_s=100.0)
    good = CaseResult(3, {"stop": 1}, sim_s=100.0)
    monkeypatch.setattr(campaign, "run_case", {3: good, 4: bad}.__getitem__)
    result = call("--seeds", 2, "--seed", 3, "--workers", 1, "--json")
    assert result.exit_code == 1
    figures = json.loads(result.stdout)
    assert (figures["overlaps"], figures["faults"]) == (11, {"stop": 3})
    assert "error: seed 4: at 1:02.5: units 1 and 2 overlap" in result.stderr
    assert "error: seed 4: and 3 more" in result.stderr
    assert "gridfleet torture --seeds 1 --seed 4" in result.stderr


@pytest.mark.parametrize("arguments", [("--seeds", 0), ("--seed", -1), ("--workers", -2)])
def test_bad_usage_exits_with_2(arguments: tuple[str, int]) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.stderr


def test_ctrl_c_gives_the_result_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_case(seed: int) -> CaseResult:
        if seed == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return CaseResult(seed, {"stop": 1})

    monkeypatch.setattr(campaign, "run_case", run_case)
    result = call("--seeds", 100, "--seed", 2, "--workers", 1, "--json")
    assert result.exit_code == 130
    assert json.loads(result.stdout)["seeds"] == 3


def test_a_second_ctrl_c_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_case(_: int) -> CaseResult:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("nobody comes here")

    monkeypatch.setattr(campaign, "run_case", run_case)
    result = call("--seeds", 3, "--workers", 1)
    assert result.exit_code == 130
    assert result.stderr == "interrupted: no result\n"

"""`gridfleet mapf` as a user meets it: figures, files, a check of paths, exit codes."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridfleet.cli.main import app

runner = CliRunner()
SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "movingai"
ROWS = ["......", ".@@@@.", "......"]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A ring of cells with three agents: arguments that name map and scenario."""
    (tmp_path / "ring.map").write_text(
        "\n".join(["type octile", "height 3", "width 6", "map", *ROWS, ""])
    )
    agents = ["0 0 5 2", "5 0 0 0", "2 2 2 0"]
    lines = ["\t".join(["0", "ring.map", "6", "3", *agent.split(), "1"]) for agent in agents]
    (tmp_path / "ring.scen").write_text("\n".join(["version 1", *lines, ""]))
    return [str(tmp_path / "ring.map"), "--scen", str(tmp_path / "ring.scen")]


def run(*arguments: str | Path) -> tuple[int, str]:
    result = runner.invoke(app, ["mapf", *map(str, arguments)])
    return result.exit_code, result.output


def test_paths_are_written_and_pass_the_check(files: list[str], tmp_path: Path) -> None:
    paths = tmp_path / "paths.txt"
    code, text = run(*files, "--iterations", 100_000, "--out", paths)
    assert code == 0, text
    assert "3 agents on ring: solved, and proved to be the cheapest" in text
    assert paths.read_text().splitlines()[1].startswith("Agent 0: (0,0)->")
    code, text = run(*files, "--check", paths)
    assert code == 0
    assert "the paths of all 3 agents are right" in text


def test_figures_for_machines(files: list[str]) -> None:
    code, text = run(*files, "--iterations", 5000, "--json", "--agents", 2)
    figures = json.loads(text)
    assert code == 0
    assert figures["agents"] == 2
    assert figures["solved"] is True
    assert figures["lower_bound"] == 7 + 5 <= figures["sum_of_loss"] <= figures["sum_of_costs"]
    assert figures["makespan_lower_bound"] == 7 <= figures["makespan"]


def test_the_same_iterations_write_the_same_bytes(files: list[str], tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run(*files, "--iterations", 300, "--seed", 7, "--out", tmp_path / name)[0] == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_tampered_paths_are_told(files: list[str], tmp_path: Path) -> None:
    paths = tmp_path / "paths.txt"
    run(*files, "--iterations", 2000, "--out", paths)
    lines = paths.read_text().splitlines()
    lines[1] = "Agent 0: (0,0)->(5,2)"
    paths.write_text("\n".join(lines))
    code, text = run(*files, "--check", paths)
    assert (code, text.splitlines()[0]) == (
        1, "fault: agent 0 may not go from (0,0) to (5,2) in step 1",
    )  # fmt: skip
    code, text = run(*files, "--check", paths, "--json")
    assert (code, json.loads(text)["valid"]) == (1, False)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Agent 1: (0,0)", "line 1 is of agent 1; expected agent 0"),
        ("Agent 0: 0,0", "line 1 is 'Agent 0: 0,0'; expected 'Agent 0: (x,y)->...'"),
        ("Agent 0: (9,0)", "line 1: (9,0) is outside the floor of 6 x 3"),
        ("# nothing", "no paths; expected lines as"),
    ],
)
def test_what_is_no_file_of_paths(files: list[str], tmp_path: Path, line: str, told: str) -> None:
    (tmp_path / "paths.txt").write_text(line + "\n")
    code, text = run(*files, "--check", tmp_path / "paths.txt")
    assert code == 2
    assert told in text


def test_bad_input_exits_with_two(files: list[str], tmp_path: Path) -> None:
    told = "3 agents, 4 are asked for; use --agents 3 or a longer scenario"
    assert run(*files, "--agents", 4) == (2, f"error: {tmp_path / 'ring.scen'}: {told}\n")
    code, text = run(*files, "--out", tmp_path / "none" / "paths.txt")
    assert (code, "name a file in a folder that is there" in text) == (2, True)


def test_unsolved_exits_with_one(tmp_path: Path, files: list[str]) -> None:
    code, text = run(*files, "--time", 0)
    assert (code, "not solved; give it more time" in text) == (1, True)
    lane = "\n".join(["type octile", "height 1", "width 3", "map", "...", ""])
    (tmp_path / "lane.map").write_text(lane)
    lines = ["version 1", "0\tlane.map\t3\t1\t0\t0\t2\t0\t2", "0\tlane.map\t3\t1\t2\t0\t0\t0\t2"]
    (tmp_path / "lane.scen").write_text("\n".join(lines))
    code, text = run(tmp_path / "lane.map", "--scen", tmp_path / "lane.scen")
    assert (code, "proved to have no solution" in text) == (1, True)


def test_ctrl_c_leaves_the_best_paths(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fleet_control.mapf.oneshot import solver

    improve = solver._Run.improve

    def interrupted(self: solver._Run) -> None:
        improve(self)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(solver._Run, "improve", interrupted)
    monkeypatch.setattr(solver._Run, "is_optimal", False)
    monkeypatch.setattr("gridfleet.oneshot.run.warm_up", lambda: None)
    code, text = run(*files, "--time", 60, "--out", tmp_path / "paths.txt")
    assert code == 130, text
    monkeypatch.undo()
    assert run(*files, "--check", tmp_path / "paths.txt")[0] == 0


@pytest.mark.skipif(not SHARED.exists(), reason="no benchmark files: ../shared/movingai")
@pytest.mark.parametrize(("name", "n"), [("random-32-32-20", 400), ("warehouse-10-20-10-2-1", 100)])
def test_problems_of_the_field_are_solved(name: str, n: int) -> None:
    scen = SHARED / f"{name}-random-1.scen"
    code, text = run(SHARED / f"{name}.map", "--scen", scen, "--agents", n, "--iterations", 400,
                     "--json")  # fmt: skip
    assert code == 0
    assert json.loads(text)["sum_of_loss_ratio"] < 2.3

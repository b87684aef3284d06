"""Examples are executed, the README shows the one of the folder, and its commands exist."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest
import typer.main

from gridfleet.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = [block.split("\n") for block in re.findall(r"```\w*\n(.*?)```", README, flags=re.DOTALL)]
COMMANDS = [
    line for block in CODE for line in block if line.startswith(("gridfleet ", "make "))
]  # fmt: skip


def test_ten_lines(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "ten_lines.py"))
    assert "lines an hour, 0 contacts" in capsys.readouterr().out


@pytest.mark.parametrize("engine", ["kinematic", "physics"])
def test_engines_are_swapped_by_one_argument(
    engine: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "physics":
        pytest.importorskip("pybullet", reason="pybullet is not installed")
    monkeypatch.setattr("sys.argv", ["swap_engine.py", engine])
    runpy.run_path(str(ROOT / "examples" / "swap_engine.py"))
    said = capsys.readouterr().out
    assert said.startswith(f"{engine}: ")
    assert " 0 contacts" in said


def test_the_readme_shows_the_example() -> None:
    example = (ROOT / "examples" / "ten_lines.py").read_text(encoding="utf-8")
    code = example.split('"""', 2)[2].strip()
    assert code in README
    assert len(example.strip().split("\n")) <= 10


def test_the_readme_begins_with_its_two_commands() -> None:
    assert [shlex.split(line, comments=True) for line in COMMANDS[:2]] == [
        ["make", "demo"],
        ["make", "test"],
    ]


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("gridfleet ")])
def test_commands_of_the_readme_are_understood(line: str) -> None:
    """Parsed, not run: names of commands and options, and types of values."""
    arguments = shlex.split(line, comments=True)[1:]
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    command.make_context("gridfleet", arguments)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_of_the_readme_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_targets_of_make_are_those_of_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test", "check", "clean"):
        assert re.search(rf"(?m)^{target}:", makefile)

"""Every command of the layout tutorial is run, in the order of the page, on runs of few minutes."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridfleet.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "docs" / "tutorial-layout.md", ROOT / "docs" / "experiments.md"]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGES[0].read_text(encoding="utf-8"), re.DOTALL)
COMMANDS = [line for kind, text in BLOCKS if not kind for line in text.splitlines()]
SHORT = ["--hours", "0.05", "--robots", "3"]
FEW = ["--kind", "shift", "--workers", "1", "--quiet"]
TINY = {
    "simulate": SHORT,
    "compare": [*SHORT, *FEW, "--pilots", "3", "--most", "3"],
    "fleet-curve": ["--units", "1,2", "--hours", "0.85", "--replications", "2", "--workers", "1"],
    "lost-capacity": [*SHORT, *FEW, "--replications", "3"],
}
"""Options that come after those of the page and take their place."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The folder in which all was done, and what each command said."""
    folder = tmp_path_factory.mktemp("tutorial")
    (floor,) = [text for kind, text in BLOCKS if kind == "toml"]
    (folder / "hall.toml").write_text(floor, encoding="utf-8")
    said = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in COMMANDS:
            said[line] = _run(line)
    return folder, said


def _run(line: str) -> str:
    if not line.startswith("gridfleet "):
        return subprocess.run(line, shell=True, check=True, capture_output=True, text=True).stdout
    arguments = shlex.split(line)[1:]
    result = CliRunner().invoke(app, [*arguments, *TINY.get(arguments[0], [])])
    assert result.exit_code == 0, f"{line}\n{result.output}"
    return result.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_command_does_what_the_page_says(told: tuple[Path, dict[str, str]]) -> None:
    folder, said = told
    shown = next(text for kind, text in BLOCKS if kind == "text")
    by_name = {tuple(line.split()[1:3]): text for line, text in said.items()}
    assert "no faults, no warnings" in by_name["layouts", "check"]
    assert shown.strip() in by_name["layouts", "diff"]
    assert "hall" in by_name["compare", "hall.toml"].splitlines()[0]
    assert "Is cross better by 2 % or more?" in by_name["compare", "hall.toml"]
    assert "1 more unit" in by_name["lost-capacity", "cross.toml"]
    for name in (
        "hall.png", "changes.png", "first-look/report.html",
        "experiments/hall-cross/report.html", "experiments/curve-hall-cross/report.html",
        "experiments/lost-cross/report.html", "experiments/lost-cross/floors",
    ):  # fmt: skip
        assert (folder / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_all_figures_are_defined() -> None:
    """The table of key figures has every one that --kpi takes, or the group that it is of."""
    from gridfleet.experiments.measures.catalogue import MEASURES

    text = PAGES[1].read_text(encoding="utf-8").split("## Figures")[1].split("## Sources")[0]
    known = set(re.findall(r"`(\w+)`", text))
    assert {name for name in MEASURES if not name.startswith("station_")} <= known
    assert "station_picking" in known & set(MEASURES)

"""What physics cannot do is said in one message with the cure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gridfleet.cli.main import app

PHYSICS = ["simulate", "teaching", "--engine", "physics", "--robots", "4", "--hours", "0.01"]


def run(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*PHYSICS, *options, "--quiet"])
    return result.exit_code, " ".join(result.output.split())


def test_no_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pybullet", reason="pybullet is not installed")
    monkeypatch.delenv("DISPLAY", raising=False)
    code, said = run("--gui", "--out", str(tmp_path / "run"))
    assert code == 2
    assert "no screen" in said
    assert "gridfleet render" in said
    assert not (tmp_path / "run").exists()


def test_no_window_of_the_kinematic_engine(tmp_path: Path) -> None:
    code, said = run("--gui", "--engine", "kinematic", "--out", str(tmp_path / "run"))
    assert code == 2
    assert "--engine physics" in said


def test_pybullet_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import twin.physics.bullet as bullet

    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(bullet, "import_module", missing)
    code, said = run("--out", str(tmp_path / "run"))
    assert code == 2
    assert "pip install 'gridfleet[physics]'" in said


def test_no_journal(tmp_path: Path) -> None:
    pytest.importorskip("pybullet", reason="pybullet is not installed")
    journal = tmp_path / "run.journal"
    code, said = run("--journal", str(journal), "--out", str(tmp_path / "run"))
    assert code == 2
    assert "cannot be kept in a journal" in said
    assert not journal.exists()


def test_a_run_has_the_same_form_as_that_of_the_fast_engine(tmp_path: Path) -> None:
    pytest.importorskip("pybullet", reason="pybullet is not installed")
    figures = []
    for engine in ("physics", "kinematic"):
        folder = tmp_path / engine
        code, said = run("--engine", engine, "--poses", "5", "--out", str(folder))
        assert code == 0, said
        figures.append(json.loads((folder / "kpis.json").read_text()))
    assert sorted(p.name for p in (tmp_path / "physics").iterdir()) == sorted(
        p.name for p in (tmp_path / "kinematic").iterdir()
    )
    assert figures[0].keys() == figures[1].keys()
    assert figures[0]["contacts"] == 0
    assert figures[0]["mishaps"] == {"tipped": 0, "slipped": 0, "overloaded": 0}
    assert figures[1]["mishaps"] is None

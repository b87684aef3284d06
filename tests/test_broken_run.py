"""Faults injected into a run: it halts, says what broke, and leaves what there was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fleet_control.backend import Reports
from fleet_control.mapf.pibt import PibtPlanner
from fleet_control.work.fulfilment import FulfilmentWork
from gridfleet.cli.main import app
from gridfleet.kpis import kpis
from gridfleet.record import BrokenRunError
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from twin.kinematic.engine import KinematicTwin

BROKEN_AT_S = 60.0


def broken(scenario: Scenario) -> BrokenRunError:
    simulation = Simulation(scenario)
    with pytest.raises(BrokenRunError) as caught:
        simulation.run()
    return caught.value


@pytest.fixture
def swapping_planner(monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """Two units side by side that the planner wants to change places."""

    def swap(self: PibtPlanner, cells: np.ndarray, *_: np.ndarray) -> np.ndarray:
        return cells[[1, 0]] if len(cells) == 2 else cells

    scenario = Scenario(layout="teaching", hours=0.5, starts=((1, 1), (1, 2)))
    monkeypatch.setattr("gridfleet.simulation.compile_kernels", lambda _: None)
    monkeypatch.setattr(PibtPlanner, "step", swap)
    return scenario


@pytest.fixture
def lying_twin(monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """A twin that from a time on reports a step that was never released."""
    advance = KinematicTwin.advance

    def lie(self: KinematicTwin, until_s: float) -> Reports:
        reports = advance(self, until_s)
        too_far = reports.done + (40 if until_s >= BROKEN_AT_S else 0)
        return replace(reports, done=too_far.astype(np.int32))

    monkeypatch.setattr(KinematicTwin, "advance", lie)
    return Scenario(layout="teaching", hours=0.5)


@pytest.fixture
def failing_work(monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """Work that fails in a way that nobody has thought of."""
    advance = FulfilmentWork.advance

    def fail(self: FulfilmentWork, now_s: float, reports: Reports) -> None:
        if now_s >= BROKEN_AT_S:
            raise ZeroDivisionError("of all things")
        advance(self, now_s, reports)

    monkeypatch.setattr(FulfilmentWork, "advance", fail)
    return Scenario(layout="teaching", hours=0.5)


def test_a_conflict_in_a_plan(swapping_planner: Scenario) -> None:
    error = broken(swapping_planner)
    assert str(error).startswith("a safety invariant broke at 0:00:")
    assert "cannot be executed" in str(error)
    assert error.record.partial
    assert kpis(error.record)["conflicts"] == 1
    assert error.record.contacts == 0
    assert not error.record.cells_driven.any()


def test_a_report_of_what_was_never_released(lying_twin: Scenario) -> None:
    error = broken(lying_twin)
    assert str(error).startswith("a safety invariant broke at 0:01:")
    assert "contradicts what was released to it" in str(error)
    assert BROKEN_AT_S <= error.record.sim_s < BROKEN_AT_S + 10
    assert len(error.record.events["kind"])


def test_anything_else(failing_work: Scenario) -> None:
    error = broken(failing_work)
    assert "failed at 0:01:00 h of simulated time: ZeroDivisionError: of all things" in str(error)
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert error.record.sim_s == pytest.approx(BROKEN_AT_S)


def test_the_folder_holds_what_there_was(failing_work: Scenario, tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = CliRunner().invoke(app, ["simulate", "teaching", "--out", str(out)])
    assert result.exit_code == 1
    assert "error: the run failed at 0:01:00 h" in result.stderr
    assert f"where the program was is in {out / 'failure.txt'}" in result.stderr
    assert "Traceback" not in result.output
    figures = json.loads((out / "kpis.json").read_text())
    assert figures["partial"] is True
    assert figures["sim_hours"] == pytest.approx(BROKEN_AT_S / 3600, abs=1e-4)
    assert "ZeroDivisionError: of all things" in (out / "failure.txt").read_text()


def test_a_later_run_leaves_no_old_failure(tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    for name in ("scenario.toml", "failure.txt"):
        (out / name).write_text("old")
    arguments = ["simulate", "teaching", "--hours", "0.05", "--out", str(out)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert not (out / "failure.txt").exists()

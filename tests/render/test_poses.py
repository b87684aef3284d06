"""Poses of a run: recorded without touching it, the same every time, and read back exactly."""

from __future__ import annotations

import pickle
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pytest
from made_runs import down, make_run, row, taken
from typer.testing import CliRunner, Result

from gridfleet import run_folder
from gridfleet.cli.main import app
from gridfleet.journalled import begun, resumed
from gridfleet.poses import recording
from gridfleet.poses.reading import Poses, PosesError
from gridfleet.poses.recording import STATES, recorder_for
from gridfleet.scenario import Scenario, ScenarioError, read_scenario
from gridfleet.simulation import Simulation
from twin.floor.doing import Doing

SHORT = Scenario(layout="teaching", hours=0.02, seed=3, poses_hz=5.0)
FAULTS = """
[random]
faults_per_hour = 600
kinds = ["stop", "die", "reboot", "block-cell", "lose-place"]
seed = 3
"""


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def columns_of(scenario: Scenario) -> dict[str, np.ndarray]:
    simulation = Simulation(scenario)
    simulation.run()
    assert simulation.poses is not None
    return {name: column.copy() for name, column in simulation.poses.columns().items()}


def test_the_file_comes_with_the_run_and_goes_with_it(tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = ("simulate", "teaching", "--hours", 0.01, "--quiet", "--out", out)
    assert call(*arguments, "--poses", 5).exit_code == 0
    first = (out / "poses.parquet").read_bytes()
    assert read_scenario(out / "scenario.toml").poses_hz == 5.0
    assert (
        call("simulate", "--scenario", out, "--quiet", "--out", tmp_path / "again").exit_code == 0
    )
    assert (tmp_path / "again" / "poses.parquet").read_bytes() == first
    assert call(*arguments).exit_code == 0
    assert not (out / "poses.parquet").exists()


def test_types_order_and_rate(tmp_path: Path) -> None:
    run_folder.write_poses(tmp_path, columns_of(SHORT))
    table = duckdb.sql(f"select * from '{tmp_path / 'poses.parquet'}'")
    assert dict(zip(table.columns, map(str, table.types), strict=True)) == {
        "time_s": "DOUBLE", "unit": "SMALLINT", "pod": "INTEGER", "x_m": "FLOAT", "y_m": "FLOAT",
        "yaw_rad": "FLOAT", "state": "VARCHAR", "lift": "FLOAT",
    }  # fmt: skip
    rows = table.fetchnumpy()
    keys = np.column_stack([rows["time_s"], rows["unit"], rows["pod"]])
    assert (np.lexsort(keys.T[::-1]) == np.arange(len(keys))).all()
    times = np.unique(rows["time_s"])
    np.testing.assert_allclose(np.diff(times), 0.2, atol=1e-9)
    assert (times[0], times[-1]) == (0.0, pytest.approx(72.0))
    assert set(rows["state"]) <= set(STATES)
    n_units = len(np.unique(rows["unit"][rows["unit"] >= 0]))
    assert (rows["unit"] >= 0).sum() == n_units * len(times)


def test_pods_stand_or_are_carried() -> None:
    rows = columns_of(SHORT)
    is_pod = rows["unit"] < 0
    for time_s in np.unique(rows["time_s"])[::25]:
        standing = set()
        for pod, state in zip(
            rows["pod"][is_pod & (rows["time_s"] <= time_s)],
            rows["state"][is_pod & (rows["time_s"] <= time_s)], strict=True,
        ):  # fmt: skip
            (standing.add if state == recording.SET_DOWN else standing.discard)(int(pod))
        now = ~is_pod & (rows["time_s"] == time_s) & (rows["pod"] >= 0)
        carried = rows["pod"][now].tolist()
        assert len(set(carried)) == len(carried)
        assert not standing & set(carried)
        assert len(standing) + len(carried) == len(np.unique(rows["pod"][is_pod]))


def test_lifts_go_up_before_a_pod_is_carried_and_down_after() -> None:
    rows = columns_of(SHORT)
    carried, lift, state = (rows[name] for name in ("pod", "lift", "state"))
    is_unit = rows["unit"] >= 0
    drives = is_unit & (state == Doing.LOADED)
    assert (carried[drives] >= 0).all()
    assert (lift[drives] == 1.0).all()
    assert (lift[is_unit & (state == Doing.EMPTY)] == 0.0).all()
    lifting = lift[is_unit & (state == Doing.LIFTING)]
    assert lifting.min() < 0.2
    assert lifting.max() > 0.8


@pytest.mark.parametrize("seed", [1, 2])
def test_recording_changes_nothing(tmp_path: Path, seed: int) -> None:
    """Not even when faults begin, which depends on where units are."""
    (tmp_path / "faults.toml").write_text(FAULTS)
    events = []
    for hz in (0.0, 5.0, 25.0):
        scenario = msgspec.structs.replace(
            SHORT, faults=str(tmp_path / "faults.toml"), poses_hz=hz, seed=seed
        )
        record = Simulation(scenario).run()
        assert record.faults
        events.append({name: column.tobytes() for name, column in record.events.items()})
    assert events[0] == events[1] == events[2]


def test_pieces_on_disk_are_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = columns_of(SHORT)
    monkeypatch.setattr(recording, "PIECE_ROWS", 50)
    pieces = columns_of(SHORT)
    for name, column in whole.items():
        np.testing.assert_array_equal(column, pieces[name])


def test_who_looks_is_no_part_of_the_floor() -> None:
    """A snapshot of the world grows by nothing, and can be made at all."""
    plain = Simulation(msgspec.structs.replace(SHORT, poses_hz=0.0))
    watched = Simulation(SHORT)
    assert len(pickle.dumps(watched.world())) == len(pickle.dumps(plain.world()))


def test_a_run_that_goes_on_has_poses_from_there_on(tmp_path: Path) -> None:
    scenario = msgspec.structs.replace(SHORT, hours=0.05)
    whole = Simulation(scenario)
    stops = iter(range(10_000))
    with begun(whole, tmp_path / "run.journal") as recorder:
        whole.run(should_stop=lambda: next(stops) >= 700, recorder=recorder)
    with resumed(tmp_path / "run.journal") as one:
        assert "poses are recorded from there on" in one.notes[-1]
        began_s = one.simulation.began_at_s
        one.simulation.run(recorder=one.recorder)
        assert one.simulation.poses is not None
        resumed_rows = one.simulation.poses.columns()
    full = columns_of(scenario)
    assert began_s > 0
    times = np.unique(resumed_rows["time_s"])
    assert times[0] == pytest.approx(began_s, abs=0.3)
    assert times[-1] == pytest.approx(180.0)
    for name in ("unit", "x_m", "y_m", "state"):
        ends = [(rows["unit"] >= 0) & (rows["time_s"] > 179.9) for rows in (full, resumed_rows)]
        np.testing.assert_array_equal(full[name][ends[0]], resumed_rows[name][ends[1]])


def test_off_the_floor_there_are_no_rows() -> None:
    simulation = Simulation(SHORT)
    twin = simulation._twin
    assert not hasattr(twin, "twin")
    recorder = recorder_for(SHORT, twin)  # type: ignore[arg-type]
    assert recorder is not None
    twin.take_off(2)  # type: ignore[union-attr]
    twin.advance(0.4)
    rows = recorder.columns()
    assert 2 in rows["unit"][rows["time_s"] == 0.0]
    assert 2 not in rows["unit"][rows["time_s"] > 0.1]


@pytest.mark.parametrize("hz", [-1.0, 61.0, float("nan")])
def test_impossible_rates(hz: float) -> None:
    with pytest.raises(ScenarioError, match=r"poses_hz is .*; give 0 for none, or up to 60"):
        Scenario(layout="teaching", poses_hz=hz)


def test_between_two_samples(tmp_path: Path) -> None:
    """Straight ways, the shorter turn, and what holds at the sample before."""
    folder = make_run(
        tmp_path / "run",
        [
            down(0.0, 0, 2.5, 2.5),
            row(0.0, 0, 1.0, 2.0, 3.0, "turning"),
            row(0.0, 1, 5.0, 1.0, 0.0, "lifting", lift=0.5),
            taken(1.0, 0, 2.5, 2.5),
            row(1.0, 0, 2.0, 2.0, -3.0),
            row(1.0, 1, 5.0, 1.0, 0.0, "loaded", pod=0, lift=1.0),
            down(2.0, 0, 5.5, 1.0),
            row(2.0, 1, 6.0, 1.0, 0.0, "empty"),
        ],
    )
    poses = Poses(folder)
    assert (poses.first_s, poses.last_s, poses.n_units) == (0.0, 2.0, 2)
    half = poses.moment(0.5)
    assert half.units.tolist() == [0, 1]
    np.testing.assert_allclose(half.poses[0, :2], (1.5, 2.0))
    assert abs(half.poses[0, 2]) == pytest.approx(np.pi, abs=1e-6)
    assert half.lifts.tolist() == [0.0, 0.75]
    assert STATES[half.states[0]] == "turning"
    assert half.standing.tolist() == [0]
    one = poses.moment(1.5)
    assert one.pods.tolist() == [-1, 0]
    assert one.standing.tolist() == []
    np.testing.assert_allclose(one.poses[0], (2.0, 2.0, -3.0), atol=1e-6)  # gone at the next sample
    last = poses.moment(2.0)
    assert last.units.tolist() == [1]
    np.testing.assert_allclose(last.standing_poses, [(5.5, 1.0, 0.0)])
    with pytest.raises(PosesError, match=r"0:00:03 is outside the run, .* of 0:00:00 to 0:00:02"):
        poses.check_time(3.0)


def test_blocks_join(tmp_path: Path) -> None:
    """Moments do not depend on which rows are in memory."""
    rows = [row(0.5 * i, 0, 1.0 + 0.01 * i, 2.0) for i in range(600)]
    folder = make_run(tmp_path / "run", rows)
    poses, rng = Poses(folder), np.random.default_rng(5)
    for time_s in rng.uniform(0, 299, 60):
        there = poses.moment(float(time_s)).poses[0, 0]
        assert there == pytest.approx(1.0 + 0.02 * time_s, abs=1e-4)


def test_a_file_that_is_damaged(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", [row(0.0, 0, 1.0, 2.0)])
    (folder / "poses.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(PosesError, match=r"poses.parquet: cannot be read: .*; run it again"):
        Poses(folder)

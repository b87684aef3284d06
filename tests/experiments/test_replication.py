"""A replication is a function from bytes to bytes that needs nothing of the machine it is on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from made_outcomes import made

from gridfleet.experiments import replication
from gridfleet.experiments.replication import (
    Job,
    Outcome,
    Runner,
    Variant,
    decode_outcome,
    files_of,
    run_one,
    with_files,
)
from gridfleet.record import BrokenRunError
from gridfleet.scenario import Scenario, ScenarioError
from gridfleet.simulation import Progress, Simulation
from layouts import GridfleetError, load, save

TINY = Scenario(layout="teaching", robots=4, hours=0.03)
OPEN_FLOOR = f'format = 1\nmap = """\n{chr(10).join(["." * 9] * 7)}\n"""\n'


def _variant(scenario: Scenario, name: str = "a") -> Variant:
    return Variant(name=name, scenario=scenario, files=files_of(scenario))


def _job(variant: Variant, seed: int = 3) -> bytes:
    return Job(variant=variant.name, digest=variant.digest, seed=seed).encode()


@pytest.fixture
def hall(tmp_path: Path) -> Path:
    path = tmp_path / "plan" / "hall.toml"
    path.parent.mkdir()
    path.write_text(OPEN_FLOOR, encoding="utf-8")
    return path


def test_files_travel(hall: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker elsewhere, where the file of the floor is not, makes the same bytes."""
    variant = _variant(Scenario(layout=str(hall), robots=3, hours=0.03))
    job, run = _job(variant), Runner({"a": variant})
    there = run(job)
    hall.unlink()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run(job) == there
    assert list(Path().iterdir()) == []
    assert decode_outcome(there).work == "errands"


def test_guidance_travels(hall: Path, tmp_path: Path) -> None:
    table = tmp_path / "found.npy"
    np.save(table, np.random.default_rng(1).integers(1, 9, size=(63, 4)))
    led = Scenario(layout=str(hall), robots=5, hours=0.05, guidance=str(table))
    variant, plain = _variant(led), _variant(msgspec.structs.replace(led, guidance="none"))
    there = Runner({"a": variant})(_job(variant))
    assert (
        decode_outcome(there).visits
        != Runner({"a": plain}).run(Job(variant="a", digest=plain.digest, seed=3)).visits
    )
    table.unlink()
    assert Runner({"a": variant})(_job(variant)) == there


def test_a_file_that_has_changed_is_not_what_runs(hall: Path) -> None:
    variant = _variant(Scenario(layout=str(hall), robots=3, hours=0.03))
    before = Runner({"a": variant})(_job(variant))
    hall.write_text(OPEN_FLOOR.replace("." * 9, "." * 8), encoding="utf-8")
    assert Runner({"a": variant})(_job(variant)) == before


def test_files_that_are_there_are_used_where_they_are(hall: Path, tmp_path: Path) -> None:
    variant = _variant(Scenario(layout=str(hall), robots=3))
    assert with_files(variant, tmp_path / "copies") == variant.scenario
    assert not (tmp_path / "copies").exists()
    hall.unlink()
    (tmp_path / "copies").mkdir()
    copy = Path(with_files(variant, tmp_path / "copies").layout)
    assert copy.name == "hall.toml"
    assert copy.read_bytes() == variant.files[str(hall)]


@pytest.mark.parametrize("map_file", ["open.map", "maps/open.map", "../open.map"])
def test_a_map_that_a_floor_file_names_travels_too(tmp_path: Path, map_file: str) -> None:
    problem = tmp_path / "league" / "team.json"
    the_map = problem.parent / map_file
    the_map.parent.mkdir(parents=True, exist_ok=True)
    problem.parent.mkdir(exist_ok=True)
    rows = "\n".join(["." * 9] * 7)
    the_map.write_text(f"type octile\nheight 7\nwidth 9\nmap\n{rows}\n", encoding="utf-8")
    problem.write_text(f'{{"mapFile": "{map_file}", "teamSize": 3}}', encoding="utf-8")
    variant = _variant(Scenario(layout=str(problem), hours=0.03))
    assert len(variant.files) == 2
    before = Runner({"a": variant})(_job(variant))
    the_map.write_text("nothing", encoding="utf-8")
    assert Runner({"a": variant})(_job(variant)) == before
    problem.unlink()
    assert Runner({"a": variant})(_job(variant)) == before


def test_the_same_job_gives_the_same_bytes() -> None:
    variant = _variant(TINY)
    first, again = (Runner({"a": variant})(_job(variant)) for _ in range(2))
    assert first == again
    assert Runner({"a": variant})(_job(variant, seed=4)) != first


def test_the_seed_is_that_of_the_job(hall: Path) -> None:
    variant = _variant(Scenario(layout=str(hall), robots=3, hours=0.03, seed=77))
    outcome = Runner({"a": variant}).run(Job(variant="a", digest=variant.digest, seed=5))
    assert (outcome.variant, outcome.seed) == ("a", 5)
    assert outcome == run_one("a", msgspec.structs.replace(variant.scenario, seed=5))


@pytest.mark.parametrize(
    "change",
    [{"robots": 5}, {"hours": 0.04}, {"guidance": "none"}, {"layout": "demo"}, {"due_hours": 2.0}],
)
def test_any_other_scenario_has_another_digest(change: dict[str, Any]) -> None:
    assert _variant(msgspec.structs.replace(TINY, **change)).digest != _variant(TINY).digest


def test_any_other_file_has_another_digest(hall: Path) -> None:
    scenario = Scenario(layout=str(hall))
    before = _variant(scenario).digest
    assert _variant(scenario).digest == before
    hall.write_text(OPEN_FLOOR + "# a remark\n", encoding="utf-8")
    assert _variant(scenario).digest != before


def test_variants_of_other_names_have_other_keys() -> None:
    jobs = [Job(variant=name, digest="", seed=seed) for name in ("a", "a-1") for seed in (1, 11)]
    assert len({job.key for job in jobs}) == 4


def test_a_scenario_that_cannot_be_run_says_why() -> None:
    variant = Variant(name="a", scenario=Scenario(layout="teaching", robots=4, orders="none"))
    with pytest.raises(ScenarioError, match="nobody adds any"):
        Runner({"a": variant})(_job(variant))
    missing = Variant(name="a", scenario=Scenario(layout="gone/hall.toml"))
    with pytest.raises(GridfleetError, match=r"hall\.toml"):
        Runner({"a": missing})(_job(missing))


def test_a_run_that_breaks_keeps_its_minutes_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(simulation: Simulation, look: Any) -> None:
        record = run(simulation, look)
        raise BrokenRunError("units 1 and 2 touch", record)

    run = Simulation.run
    monkeypatch.setattr(replication.Simulation, "run", broken)
    outcome = run_one("a", TINY)
    assert outcome.failure == "units 1 and 2 touch"
    assert outcome.n_minutes == 1


def test_outcomes_come_back_as_they_went() -> None:
    outcome = run_one("a", TINY)
    back = decode_outcome(outcome.encode())
    assert decode_outcome(back.encode()) == back
    assert back.minutes.keys() == outcome.minutes.keys()
    visits, wait_s = back.heat
    assert (visits.dtype, wait_s.dtype) == (np.int32, np.float32)
    assert len(visits) == len(wait_s) == load("teaching").n_cells
    assert visits.sum() > 0
    assert "wall_s" not in back.kpis
    with pytest.raises(msgspec.DecodeError):
        decode_outcome(b"torn")


def test_an_outcome_without_minutes_has_none() -> None:
    assert made(n_minutes=0).n_minutes == 0
    empty = {key: getattr(made(), key) for key in Outcome.__struct_fields__} | {"columns": {}}
    assert Outcome(**empty).n_minutes == 0


def test_looking_at_a_run_changes_nothing(tmp_path: Path) -> None:
    """The outcome of a run is what it comes to when nobody looks at its minutes."""
    told: list[Progress] = []
    record = Simulation(TINY).run(told.append)
    assert run_one("a", TINY).kpis["lines_per_hour"] == replication.kpis(record)["lines_per_hour"]
    save(load("teaching"), tmp_path / "copy.toml")
    copied = msgspec.structs.replace(TINY, layout=str(tmp_path / "copy.toml"))
    assert run_one("a", copied).columns == run_one("a", TINY).columns

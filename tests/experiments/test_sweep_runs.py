"""Running a sweep: failures, interrupts and what is told of them. One run is simulated; those of
all points are made from it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gridfleet.experiments.engine import Campaign, Here
from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.replication import Job, Outcome, run_one
from gridfleet.experiments.report.sweep_page import write_sweep
from gridfleet.experiments.sweep.file import read_sweep
from gridfleet.experiments.sweep.findings import Row, Sweep
from gridfleet.experiments.sweep.points import Field, lay_out
from gridfleet.experiments.sweep.sweeping import run_sweep
from gridfleet.experiments.sweep.words import headline, remarks
from gridfleet.scenario import Scenario

TEXT = """
layout = "teaching"
hours = 0.1
[sweep]
kind = "shift"
replications = 4
[parameters]
robots = [5, 10]
"service.line_s" = [4, 8]
"""


@pytest.fixture(name="template", scope="module")
def _template() -> Outcome:
    return run_one("any", Scenario(layout="teaching", hours=0.05, robots=4))


@pytest.fixture(name="field")
def _field(tmp_path: Path) -> Field:
    path = tmp_path / "sweep.toml"
    path.write_text(TEXT, encoding="utf-8")
    return lay_out(read_sweep(path))


class Floor:
    """Ten lines a minute for each unit, one less for each second of a line; seed s adds s.
    breaks: (variant, seed) of runs that fail; stops: of those that break on the way."""

    def __init__(
        self, template: Outcome, breaks: set[tuple[str, int]] | None = None,
        stops: set[tuple[str, int]] | None = None,
    ) -> None:  # fmt: skip
        self._template, self._breaks, self._stops = template, breaks or set(), stops or set()
        self.n_runs = 0

    def __call__(self, data: bytes) -> bytes:
        job = msgspec.msgpack.decode(data, type=Job)
        self.n_runs += 1
        if (job.variant, job.seed) in self._breaks:
            raise ValueError("a wheel came off")
        values = dict(part.split("=") for part in job.variant.split(","))
        lines = 10.0 * float(values["robots"]) - float(values["service.line_s"]) + job.seed
        minutes = np.full(self._template.n_minutes, lines)
        return msgspec.structs.replace(
            self._template, variant=job.variant, seed=job.seed,
            failure="units touched" if (job.variant, job.seed) in self._stops else "",
            columns={**self._template.columns, "lines": minutes.tobytes()},
        ).encode()  # fmt: skip


def run(field: Field, floor: Floor, **options: object) -> tuple[Sweep, list[Row]]:
    with Here(floor) as executor:
        return run_sweep(field, Campaign(executor), **options)  # type: ignore[arg-type]


def test_what_is_told(field: Field, template: Outcome) -> None:
    found, rows = run(field, Floor(template))
    assert len(rows) == 16
    told = headline(found)
    assert told.startswith("Of what was varied, robots matters most: from 5 to 10 it brings +")
    assert "lines an hour (between +" in told
    more = list(remarks(found))
    # 10 units and 4 s: 96 lines a minute, and 1.5 of the seeds' mean.
    assert more[0] == (
        "Best is point 3 (robots = 10, service.line_s = 4): 5,850.0 lines an hour; that it is the "
        "best of 4 is 95% sure."
    )
    assert more[1].startswith("service.line_s from 8 to 4 brings +")


def test_a_run_that_fails_is_reported_and_sinks_nothing(field: Field, template: Outcome) -> None:
    floor = Floor(template, {(field.points[1].name, 2)})
    found, rows = run(field, floor)
    assert len(rows) == 15
    assert found.seeds == (0, 1, 3)
    assert len(found.analysed) == 4
    assert (found.broken[0].point, found.broken[0].seed) == (2, 2)
    assert (
        "Seed 2 failed at point 2 (robots = 5, service.line_s = 8) and is left out: ValueError: a "
        "wheel came off"
    ) in list(remarks(found))
    # What could not be run tells nothing of the floor.
    point = found.point(2)
    assert (point.broken, point.n_tried, point.jams) == (1, 3, 0)


def test_a_run_that_breaks_on_the_way_counts_as_a_jam(field: Field, template: Outcome) -> None:
    floor = Floor(template, stops={(field.points[1].name, 2)})
    found, rows = run(field, floor)
    assert len(rows) == 15
    point = found.point(2)
    assert (point.broken, point.n_tried, point.jams) == (1, 4, 1)


def test_a_point_that_always_fails_is_left_out(field: Field, template: Outcome) -> None:
    floor = Floor(template, {(field.points[1].name, seed) for seed in range(4)})
    found, _ = run(field, floor)
    assert found.analysed == (1, 3, 4)
    assert found.seeds == (0, 1, 2, 3)
    assert "1 point without all runs is left out of them." in list(remarks(found))
    assert found.best_point == 3


def test_where_all_runs_fail(field: Field, template: Outcome) -> None:
    floor = Floor(template, {(one.name, seed) for one in field.points for seed in range(4)})
    with pytest.raises(ExperimentError, match="no run is finished: ValueError: a wheel came off"):
        run(field, floor)


def test_an_interrupted_sweep_tells_what_there_is(field: Field, template: Outcome) -> None:
    floor = Floor(template)
    found, rows = run(field, floor, should_stop=lambda: floor.n_runs >= 10)
    assert found.is_cut
    assert found.seeds == (0, 1)
    assert len(rows) == 10
    assert headline(found).startswith("Of what was varied, robots matters most")
    assert next(remarks(found)) == "Ended early, after 2 runs of each point; 4 were asked for."


def test_an_interrupt_in_the_first_seed(field: Field, template: Outcome, tmp_path: Path) -> None:
    floor = Floor(template)
    found, rows = run(field, floor, should_stop=lambda: floor.n_runs >= 3)
    assert headline(found).startswith("Too little has run to tell chance from effect")
    told = list(remarks(found))
    page = write_sweep(tmp_path, found, rows, headline(found), told, found.as_json())
    assert "This experiment was ended early" in page.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "sweep.json").read_text(encoding="utf-8"))["is_cut"]


def test_jams_and_limits_are_told(field: Field, template: Outcome) -> None:
    template = msgspec.structs.replace(template, kpis={**template.kpis, "regime": "station-bound"})
    found, _ = run(field, Floor(template))
    told = list(remarks(found))
    assert "Most runs were station-bound at 4 of 4 points." in told
    assert any(line.startswith("Stations were the limit at every point") for line in told)

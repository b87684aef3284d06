"""What `auto` stands for: the same planner for the same floor, fleet and motion, with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fleet_control.mapf.grid import CELL_COST, TURN_COST
from fleet_control.mapf.planner import PLANNERS
from fleet_control.mapf.planner_choice import chosen_planner
from gridfleet.cli.summary import table
from gridfleet.kpis import kpis
from gridfleet.report import write_report
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from gridfleet.wiring.fleet import planner_of
from layouts import open_layout

HALL = open_layout("hall", np.ones((20, 20), dtype=np.int8))
FIELD = open_layout("field", np.ones((100, 100), dtype=np.int8))


@pytest.mark.parametrize(
    ("layout", "n_units", "turn_cost", "name", "told"),
    [
        (HALL, 40, 0, "windowed", "40 units on 10 % of the cells leave room to choose"),
        (HALL, 40, TURN_COST, "windowed", "leave room to choose"),
        (HALL, 200, 0, "pibt", "200 units on 50 % of the cells are too crowded"),
        (HALL, 200, CELL_COST, "epibt", "too crowded for windows"),
        (HALL, 1, TURN_COST, "windowed", "1 unit on 0 %"),
        (FIELD, 2000, CELL_COST, "epibt", "2,000 units are more than a search"),
    ],
)  # fmt: skip
def test_chosen_from_floor_and_fleet(
    layout: object, n_units: int, turn_cost: int, name: str, told: str
) -> None:
    choice = chosen_planner("auto", layout, n_units, turn_cost)  # type: ignore[arg-type]
    assert choice.name == name
    assert told in choice.why
    assert not choice.why.endswith(".")
    assert choice.is_chosen


def test_those_that_work_decide() -> None:
    """And the cells that the parked ones leave to them."""
    choice = chosen_planner("auto", HALL, 200, TURN_COST, n_parked=180)
    assert choice.name == "windowed"
    assert "20 units on 9 % of the cells without parked ones leave" in choice.why
    crowded = chosen_planner("auto", HALL, 390, TURN_COST, n_parked=380)
    assert crowded.name == "epibt"


def test_a_crowd_that_parks_is_left_to_windows() -> None:
    """More units than windows are for, most of which stand aside."""
    floor = Scenario(layout="hall", robots=300)
    assert planner_of(floor, HALL).name == "windowed"
    assert planner_of(msgspec.structs.replace(floor, max_working=300), HALL).name == "epibt"


def test_where_people_are_the_limit_the_quickest_is_taken() -> None:
    choice = chosen_planner("auto", HALL, 40, TURN_COST, serves_people=True)
    assert choice.name == "pibt"
    figures = kpis(Simulation(Scenario(layout="teaching", hours=0.02)).run())
    assert figures["planner"] == {"name": "pibt", "why": choice.why}


@pytest.mark.parametrize("name", PLANNERS)
def test_who_names_one_gets_it(name: str) -> None:
    choice = chosen_planner(name, HALL, 399, 0)
    assert (choice.name, choice.is_chosen) == (name, False)


def test_a_run_says_which_planner_it_took(tmp_path: Path) -> None:
    """On the terminal, in kpis.json and in the report; the run is that of the planner by name."""
    floor = tmp_path / "hall.map"
    rows = ["." * 12] * 12
    floor.write_text("\n".join(["type octile", "height 12", "width 12", "map", *rows]) + "\n")
    records = {
        name: Simulation(Scenario(layout=str(floor), robots=8, hours=0.05, planner=name)).run()
        for name in ("auto", "windowed", "pibt")
    }
    figures = {name: kpis(record) for name, record in records.items()}
    assert figures["auto"]["planner"]["name"] == "windowed"
    assert "leave room to choose" in figures["auto"]["planner"]["why"]
    assert figures["pibt"]["planner"] == {"name": "pibt", "why": "as asked for"}
    said = "Planner windowed was chosen for this floor and fleet"
    assert said in table(figures["auto"])
    assert said not in table(figures["windowed"])
    page = write_report(tmp_path, records["auto"], figures["auto"], "")
    assert said in page.read_text()
    same = [
        {key: value.tolist() for key, value in records[name].events.items()}
        for name in ("auto", "windowed")
    ]
    assert json.dumps(same[0], default=str) == json.dumps(same[1], default=str)

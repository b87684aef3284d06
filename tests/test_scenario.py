"""Scenarios: to TOML and back, paths that work from anywhere, and every fault with its cure."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_control.allocation import ALLOCATIONS
from fleet_control.mapf.planner import PLANNERS
from fleet_control.work.options import FulfilmentOptions
from gridfleet.demand import SyntheticDemand
from gridfleet.scenario import Scenario, ScenarioError, read_scenario
from gridfleet.scenario_tables import DemandTable, service_faults, work_faults
from gridfleet.typed_files import parse
from gridfleet.unit_faults import unit_faults
from layouts import load
from twin.people import ServiceTimes
from twin.unit_model import DEFAULT_UNIT


def read(text: str) -> Scenario:
    return parse(text, Scenario, "s.toml", ScenarioError)


def faults_of(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(text)
    return str(caught.value).split("\n")


@given(
    robots=st.integers(0, 2000),
    hours=st.floats(0.01, 1000),
    due_hours=st.floats(0.01, 1000),
    start=st.text(st.characters(exclude_categories=["Cs"])),
    columns=st.dictionaries(st.sampled_from(["order_id", "sku"]), st.text(max_size=5)),
    allocation=st.sampled_from(sorted(ALLOCATIONS)),
    guidance=st.sampled_from(["none", "lanes"]),
    seed=st.integers(0, 2**62),
    orders_per_hour=st.floats(0, 1000),
    line_s=st.floats(0.1, 100),
)
def test_toml_and_back(orders_per_hour: float, line_s: float, **values: Any) -> None:
    scenario = Scenario(
        layout="teaching",
        demand=DemandTable(orders_per_hour=orders_per_hour),
        service=ServiceTimes(line_s=line_s),
        **values,
    )
    assert read(scenario.to_toml()) == scenario


def test_a_file_says_only_what_differs() -> None:
    assert read('layout = "teaching"\nhours = 2') == Scenario(layout="teaching", hours=2.0)


def test_the_saved_file_says_everything() -> None:
    saved = Scenario(layout="teaching").to_toml()
    for key in ("seed = 0", "[demand]", "zipf", "[stock]", "[work]", "[unit.laden]", "line_s"):
        assert key in saved


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('layot = "demo"', "s.toml: unknown key 'layot'; did you mean 'layout'?"),
        ("hours = 1", "s.toml: the key 'layout' is missing"),
        ('layout = ""', "s.toml: layout is empty; name a ready floor or a file"),
        (
            'layout = "demo"\norders_per_hour = 9',
            "s.toml: unknown key 'orders_per_hour'; did you mean 'demand.orders_per_hour'?",
        ),
        (
            'layout = "demo"\n[unit.laten]\nspeed_m_s = 1',
            "s.toml: unknown key 'unit.laten'; did you mean 'unit.laden'?",
        ),
        ('layout = "demo"\nhours = 0', "s.toml: hours is 0.0; give more than 0"),
        ('layout = "demo"\nhours = nan', "s.toml: hours is nan; give more than 0"),
        ('layout = "demo"\nhours = inf', "s.toml: hours is inf; give more than 0"),
        (
            'layout = "demo"\nhours = "8"',
            "s.toml: hours is '8'; expected a number, got text in quotes",
        ),
        (
            'layout = "demo"\nguidance = 1',
            "s.toml: guidance is 1; expected text in quotes, got a whole number",
        ),
        (
            'layout = "demo"\nguidance = "lane"',
            "s.toml: unknown guidance 'lane'; did you mean 'lanes'?",
        ),
        (
            'layout = "demo"\nunit = 3',
            "s.toml: unit is 3; it is a table: write [unit] and its keys below",
        ),
        (
            'layout = "demo"\nplanner = "pipt"',
            "s.toml: unknown planner 'pipt'; did you mean 'pibt'?",
        ),
        (
            'layout = "demo"\nengine = "fast"',
            "s.toml: unknown engine 'fast'; known: kinematic, physics",
        ),
        (
            'layout = "demo"\n[physics]\ndetail = "planer"',
            "s.toml: physics.detail: unknown detail 'planer'; did you mean 'planar'?",
        ),
        (
            'layout = "demo"\n[physics]\nprocesses = 0',
            "s.toml: physics.processes is 0; give 1 or more",
        ),
        (
            'layout = "demo"\nallocation = "optimum"',
            "s.toml: unknown allocation 'optimum'; did you mean 'optimal'?",
        ),
        (
            'layout = "demo"\npreset = "online_retail"',
            "s.toml: unknown preset 'online_retail'; did you mean 'online-retail'?",
        ),
        (
            'layout = "demo"\n[columns]\norder = "x"',
            "s.toml: columns: unknown column 'order'; did you mean 'order_id'?",
        ),
        (
            'layout = "demo"\nrobots = -1',
            "s.toml: robots is -1; give 1 or more, or 0 for as many as the floor advises",
        ),
        ('layout = "demo"\nseed = -1', "s.toml: seed is -1; give 0 or more"),
        (
            'layout = "demo"\n[work]\nstorage_rule = "neerest"',
            "s.toml: work.storage_rule: unknown rule 'neerest'; did you mean 'nearest'?",
        ),
        (
            'layout = "demo"\n[demand]\nzipf = -1',
            "s.toml: demand: zipf is -1.0; give 0 (all alike) to about 1.5",
        ),
        (
            'layout = "demo"\n[demand]\nn_skus = -1',
            "s.toml: demand.n_skus is -1; give more than 0, or 0 to size it to the floor",
        ),
        (
            'layout = "demo"\n[demand]\nkeep_waiting = -1',
            "s.toml: demand.keep_waiting is -1; give more than 0, or 0 for orders that come by the "
            "clock",
        ),
        (
            'layout = "demo"\n[demand]\nkeep_waiting = 10001',
            "s.toml: demand.keep_waiting is 10001; give at most 10,000",
        ),
        (
            'layout = "demo"\norders = "none"\n[demand]\nkeep_waiting = 2',
            "s.toml: demand.keep_waiting is 2, and there are no orders to keep waiting; leave out "
            "one of the two",
        ),
        (
            'layout = "demo"\n[parcels]\nkeep_waiting = -1',
            "s.toml: parcels.keep_waiting is -1; give more than 0, or 0 for parcels that come by "
            "the clock",
        ),
        (
            'layout = "demo"\n[parcels]\nkeep_waiting = 20000',
            "s.toml: parcels.keep_waiting is 20000; give at most 10,000",
        ),
        (
            'layout = "demo"\nrobots = 1\nstarts = [[1, 1], [1, 2]]',
            "s.toml: robots is 1, but starts names 2 cells; give 2 or more, or 0",
        ),
        (
            'layout = "demo"\nmax_working = -1',
            "s.toml: max_working is -1; give 1 or more, or 0 for as many as the floor carries",
        ),
        (
            'layout = "demo"\n[parcels]\ndue_minutes = 0',
            "s.toml: parcels.due_minutes is 0.0; give more than 0",
        ),
        (
            'layout = "demo"\n[parcels]\nparcels_per_hour = -5',
            "s.toml: parcels.parcels_per_hour is -5.0; give more than 0, or 0 to size them to the "
            "floor",
        ),
        (
            'layout = "demo"\n[stock]\nfill = 2',
            "s.toml: stock: placement: fill is 2.0; give a share above 0 and at most 1",
        ),
    ],
)
def test_every_fault_names_place_value_and_cure(text: str, fault: str) -> None:
    assert fault in faults_of(text)


def test_all_faults_come_together() -> None:
    faults = faults_of('layout = "demo"\nhours = -1\nplaner = "pibt"\nrobots = "ten"\n')
    assert len(faults) == 2
    faults = faults_of('layout = "demo"\nhours = -1\nseed = -4\nplanner = "x"\nrobots = -3\n')
    assert len(faults) == 4


def test_no_toml_no_text_no_file(tmp_path: Path) -> None:
    assert "s.toml: not readable as TOML" in faults_of("layout = demo")[0]
    (tmp_path / "s.toml").write_bytes(b"layout = '\xff'")
    with pytest.raises(ScenarioError, match="not UTF-8 text, at byte 11"):
        read_scenario(tmp_path / "s.toml")
    with pytest.raises(ScenarioError, match=r"nowhere\.toml: cannot be read"):
        read_scenario(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("hours", [0.0, -1.0, float("nan")])
def test_python_use_is_checked_too(hours: float) -> None:
    with pytest.raises(ScenarioError, match="hours is"):
        Scenario(layout="teaching", hours=hours)


def test_figures_of_people_units_and_work() -> None:
    bad_limits = replace(DEFAULT_UNIT.laden, speed_m_s=0.0)
    assert list(unit_faults(replace(DEFAULT_UNIT, laden=bad_limits, lift_s=0.0), "kinematic")) == [
        "unit.laden.speed_m_s is 0.0; give more than 0"
    ]
    assert list(unit_faults(replace(DEFAULT_UNIT, lower_s=-1.0), "kinematic")) == [
        "unit.lower_s is -1.0; give 0 or more"
    ]
    assert len(list(service_faults(ServiceTimes(0.0, -1.0, -1.0, 0)))) == 4
    assert len(list(work_faults(FulfilmentOptions(order_slots=0, laden_speed_m_s=-1.0)))) == 2
    assert not list(work_faults(FulfilmentOptions(tasks_per_station=None)))


def test_demand_mirrors_made_up_orders() -> None:
    theirs = {f.name: f.default for f in fields(SyntheticDemand)}
    theirs |= {"backlog_hours": 0.5, "keep_waiting": theirs.pop("pile_lines")}
    mine = {f.name: f.default for f in msgspec.structs.fields(DemandTable)}
    assert mine == {
        name: 0 if name in ("orders_per_hour", "n_skus") else value
        for name, value in theirs.items()
        if name not in ("hours", "due_hours")
    }


def test_demand_is_sized_to_the_floor_where_it_says_nothing() -> None:
    floor = load("teaching")
    sized = DemandTable().for_floor(floor, 8.0, 4.0)
    given = DemandTable(orders_per_hour=7.0, n_skus=11).for_floor(floor, 2.0, 1.0)
    assert sized.orders_per_hour > 0
    assert sized.n_skus > 0
    assert (given.orders_per_hour, given.n_skus) == (7.0, 11)
    assert (given.hours, given.due_hours) == (2.0, 1.0)


def test_names_are_those_of_the_registries() -> None:
    for planner in PLANNERS:
        Scenario(layout="teaching", planner=planner)
    for allocation in ALLOCATIONS:
        Scenario(layout="teaching", allocation=allocation)


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "floor.map").write_text("a floor")
    (tmp_path / "week.csv").write_text("orders")
    (tmp_path / "stock.csv").write_text("stock")
    (tmp_path / "found.csv").write_text("guidance")
    (tmp_path / "s.toml").write_text(
        'layout = "floor.map"\norders = "week.csv"\nguidance = "found.csv"\n'
        '[stock]\nfile = "stock.csv"\n'
    )
    monkeypatch.chdir("/")
    scenario = read_scenario(Path(os.path.relpath(tmp_path / "s.toml")))
    assert scenario.guidance == str((tmp_path / "found.csv").resolve())
    assert scenario.stock.file == str((tmp_path / "stock.csv").resolve())
    assert scenario.layout == str((tmp_path / "floor.map").resolve())
    assert scenario.orders == str((tmp_path / "week.csv").resolve())
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "again.toml").write_text(scenario.to_toml())
    assert read_scenario(tmp_path / "elsewhere" / "again.toml") == scenario


def test_names_of_ready_floors_come_first(tmp_path: Path) -> None:
    (tmp_path / "teaching").write_text("not a floor")
    (tmp_path / "synthetic").write_text("not orders")
    scenario = Scenario(layout="teaching").resolved(tmp_path)
    assert (scenario.layout, scenario.orders) == ("teaching", "synthetic")


def test_what_is_not_there_is_not_looked_for_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "floor.map").write_text("another floor")
    monkeypatch.chdir(tmp_path / "here")
    scenario = Scenario(layout="floor.map", orders="no.csv").resolved(tmp_path)
    assert scenario.layout == str(tmp_path / "floor.map")
    assert scenario.orders == str(tmp_path / "no.csv")
    assert Scenario(layout="techning").resolved(tmp_path).layout == "techning"

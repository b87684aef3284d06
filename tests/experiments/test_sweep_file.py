"""The file of a sweep: what it means, and all that is wrong with it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.sweep.file import SweepFile, read_sweep, scenario_of
from gridfleet.experiments.sweep.points import lay_out
from gridfleet.scenario import Scenario
from gridfleet.typed_files import leaf_types

BASE = 'layout = "teaching"\nhours = 0.1\nrobots = 6\n[demand]\norders_per_hour = 60.0\n'


def read(folder: Path, text: str, **options: object) -> SweepFile:
    path = folder / "sweep.toml"
    path.write_text(text, encoding="utf-8")
    return read_sweep(path, options)


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(ExperimentError) as caught:
        lay_out(read(folder, text))
    lines = str(caught.value).split("\n")
    assert all(line.startswith(f"{folder}/sweep.toml: ") for line in lines)
    return [line.removeprefix(f"{folder}/sweep.toml: ") for line in lines]


def test_keys_with_and_without_quotes_are_the_same(tmp_path: Path) -> None:
    quoted = read(tmp_path, f'{BASE}[parameters]\n"service.line_s" = [4, 6]\n')
    plain = read(tmp_path, f"{BASE}[parameters]\nservice.line_s = [4, 6]\n")
    assert quoted.parameters == plain.parameters
    assert quoted.points == [(4.0,), (6.0,)]


def test_values_of_a_point_go_into_the_scenario(tmp_path: Path) -> None:
    text = f"{BASE}[parameters]\nrobots = [4, 8]\nunit.laden.speed_m_s = [1.0, 1.2]\n"
    sweep = read(tmp_path, text)
    scenario = scenario_of(sweep.keys_at((8, 1.2)), tmp_path)
    assert (scenario.robots, scenario.unit.laden.speed_m_s) == (8, 1.2)
    assert scenario.demand.orders_per_hour == 60.0


def test_a_scenario_file_is_the_base_and_keys_beside_it_go_first(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "today.toml").write_text(
        'layout = "teaching"\nhours = 3.0\n[demand]\norders_per_hour = 50.0\nzipf = 0.7\n'
    )
    sweep = read(
        tmp_path,
        'scenario = "deep/today.toml"\nhours = 0.2\ndemand.zipf = 0.9\n'
        "[parameters]\nrobots = [4, 8]\n",
    )
    scenario = scenario_of(sweep.keys_at((4,)), tmp_path)
    assert (scenario.layout, scenario.hours) == ("teaching", 0.2)
    assert (scenario.demand.orders_per_hour, scenario.demand.zipf) == (50.0, 0.9)


def test_paths_are_relative_to_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "hall.toml").write_text("map = '''\n......\n.PP.P.\n......\nq.##q.\nS.##S.\n'''\n")
    text = 'layout = "teaching"\n[parameters]\nlayout = ["teaching", "hall.toml"]\n'
    sweep = read(tmp_path, text)
    scenario = scenario_of(sweep.keys_at(("hall.toml",)), tmp_path)
    assert scenario.layout == str(tmp_path / "hall.toml")


def test_options_go_before_the_file(tmp_path: Path) -> None:
    text = f"{BASE}[sweep]\nseed = 3\nreplications = 9\n[parameters]\nrobots = [4, 8]\n"
    table = read(tmp_path, text, seed=5, kpi="contacts").table
    assert (table.seed, table.replications, table.kpi) == (5, 9, "contacts")


def test_all_faults_come_at_once_with_place_and_cure(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path,
        'layut = "teaching"\nlayout = "teaching"\nhours = "long"\n'
        '[sweep]\ndesign = "latn"\nkpi = "ouput_per_hour"\nreplication = 3\n'
        "[parameters]\nline_s = [3, 4]\nrobots = { from = 3, too = 12 }\nservice.cv = [0.5]\n"
        "work.storage_rule = { from = 1, to = 2 }\nseed = [1, 2]\nmax_working = [4, 4]\n"
        'unit.pod_turns = [true, "no"]\nallocation = "optimal"\n',
    )
    for fault in (
        "unknown key 'layut'; did you mean 'layout'?",
        "hours is 'long'; expected a number, got text in quotes",
        "sweep: unknown design 'latn'; did you mean 'latin'?",
        "sweep: unknown KPI 'ouput_per_hour'; did you mean 'output_per_hour'?",
        "unknown key 'sweep.replication'; did you mean 'sweep.replications'?",
        "parameters: unknown key 'line_s'; did you mean 'service.line_s'?",
        "parameters: robots: unknown key 'too'; did you mean 'to'?",
        "parameters: robots: the key 'to' is missing",
        "parameters: service.cv has 1 value; give two or more, or set it above as a key of the "
        "scenario",
        "parameters: work.storage_rule is no number, and has no range; give a list of values",
        "parameters: max_working has 4 twice; leave one out",
        "parameters: unit.pod_turns is 'no'; expected true or false, got text in quotes",
        "parameters: allocation is 'optimal'; give a list of values, or a range as "
        "{ from = 20, to = 60 }",
    ):
        assert fault in faults
    assert any("seed cannot be varied" in fault for fault in faults)


@pytest.mark.parametrize(
    ("table", "parameters", "fault"),
    [
        ("", "", "nothing is varied; name a key"),
        ("", "robots = { from = 3, to = 9 }", "parameters: robots is a range, and a factorial"),
        ("", "robots = { from = 9, to = 3, steps = 2 }", "parameters: robots: from 9 to 3 is no"),
        ("", "robots = { from = 0, to = 3, steps = 2, log = true }", "begins above 0, not at 0"),
        ("", "robots = { from = 1, to = 3, steps = 1 }", "parameters: robots: steps is 1; give 2"),
        ("", "robots = { from = 1.5, to = 3, steps = 2 }", "robots: from is 1.5; expected a whole"),
        ('design = "latin"', "robots = { from = 3, to = 9 }", "samples is 0; a Latin hypercube"),
        ("samples = 9", "robots = [3, 4]", "samples is 9, but a factorial design runs all"),
        ('kind = "steady"', "hours = [1, 2]", "hours cannot be varied in a steady state"),
        ("confidence = 95", "robots = [3, 4]", "confidence is 95; give 0.5 or more"),
        ("replications = 1", "robots = [3, 4]", "replications is 1; give 2 or more"),
        (
            "",
            "robots = { from = 1, to = 99, steps = 99 }\n"
            "service.line_s = { from = 1, to = 99, steps = 99 }",
            "9,801 points are more than 5,000",
        ),
    ],
)
def test_a_design_that_makes_no_sense(
    tmp_path: Path, table: str, parameters: str, fault: str
) -> None:
    text = f"{BASE}[sweep]\n{table}\n[parameters]\n{parameters}\n"
    assert any(fault in line for line in faults_of(tmp_path, text))


def test_points_that_cannot_be_run_are_told_before_anything_runs(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path, f"{BASE}[parameters]\nrobots = [4, 5000]\nservice.line_s = [5, -1]\n"
    )
    assert len(faults) == 2
    assert faults[0].startswith("point 2 (robots = 4, service.line_s = -1.0): service.line_s is")
    assert faults[0].endswith("(and at 1 more point)")
    assert faults[1].startswith("point 3 (robots = 5000, service.line_s = 5.0): 5000 robots do not")


def test_floors_that_do_other_work_are_refused(tmp_path: Path) -> None:
    text = f'{BASE}[parameters]\nlayout = ["teaching", "sortation"]\n'
    path = tmp_path / "sweep.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExperimentError, match="do the same work"):
        lay_out(read_sweep(path))


def test_orders_and_fleet_are_those_of_the_first_point(tmp_path: Path) -> None:
    text = 'layout = "teaching"\nhours = 0.1\n[sweep]\nkind = "shift"\n[parameters]\n'
    by_fleet = lay_out(read(tmp_path, f"{text}robots = [4, 12]\n"))
    rates = [variant.scenario.demand.orders_per_hour for variant in by_fleet.variants]
    assert rates[0] == rates[1] > 0
    by_people = lay_out(read(tmp_path, f"{text}service.line_s = [4, 12]\n"))
    fleets = {variant.scenario.robots for variant in by_people.variants}
    assert len(fleets) == 1
    assert 0 not in fleets
    by_demand = lay_out(read(tmp_path, f"{text}demand.orders_per_hour = [40, 80]\n"))
    assert [one.scenario.demand.orders_per_hour for one in by_demand.variants] == [40, 80]


def test_a_sweep_with_more_values_has_the_points_of_before(tmp_path: Path) -> None:
    few = lay_out(read(tmp_path, f"{BASE}[parameters]\nrobots = [4, 8]\n"))
    more = lay_out(read(tmp_path, f"{BASE}[parameters]\nrobots = [4, 6, 8]\n"))
    assert {one.digest for one in few.variants} < {one.digest for one in more.variants}


def test_keys_of_tables_within_tables() -> None:
    types = leaf_types(Scenario)
    assert types["robots"] is int
    assert types["unit.laden.speed_m_s"] is float
    assert "unit.laden" not in types
    assert "unit" not in types

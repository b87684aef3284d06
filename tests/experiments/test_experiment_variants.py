"""What is compared is made alike in all that it does not mean to differ in, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.variants import (
    SHIFT,
    STEADY,
    WAITING_PER_STATION,
    differences,
    line_up_variants,
)
from gridfleet.scenario import Scenario, ScenarioError
from layouts import GridfleetError, load, save

ORDERS = "order_id,sku,quantity,placed_at\n1,A,2,2026-01-05T08:00\n2,B,1,2026-01-05T08:01\n"


def _file(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_floors_get_the_fleet_and_the_demand_of_the_first() -> None:
    line = line_up_variants(["teaching", "demo"], {})
    first, other = (variant.scenario for variant in line.variants)
    assert first.robots == other.robots == 20
    assert first.demand == other.demand
    assert first.demand.keep_waiting == WAITING_PER_STATION * 5
    assert first.demand.n_skus > 0
    assert set(line.differs) == {"layout"}
    assert any("20 units" in note for note in line.notes)
    assert any("100 orders wait at all times" in note for note in line.notes)


def test_units_that_are_asked_for_are_those_of_all() -> None:
    line = line_up_variants(["teaching", "demo"], {"robots": 7})
    assert [variant.scenario.robots for variant in line.variants] == [7, 7]


def test_orders_by_the_clock_are_not_more_than_simulate_makes() -> None:
    line = line_up_variants(["teaching", "demo"], {}, as_given=True)
    first, other = (variant.scenario.demand for variant in line.variants)
    assert first == other
    assert first.keep_waiting == 0
    assert first.orders_per_hour > 0.0


def test_parcels_are_those_of_the_first() -> None:
    line = line_up_variants(["sortation", "sortation-large"], {"robots": 20})
    first, other = (variant.scenario.parcels for variant in line.variants)
    assert first == other
    assert first.keep_waiting > 0
    assert first.parcels_per_hour > 0.0


@pytest.mark.parametrize(
    ("options", "kind"), [({}, STEADY), ({"kind": SHIFT}, SHIFT), ({"kind": STEADY}, STEADY)]
)
def test_floors_are_compared_in_the_long_run(options: dict[str, str], kind: str) -> None:
    assert line_up_variants(["teaching", "teaching"], {}, **options).kind == kind


def test_scenarios_and_real_orders_are_compared_by_whole_runs(tmp_path: Path) -> None:
    scenario = _file(tmp_path, "a.toml", 'layout = "teaching"\nrobots = 9\n')
    orders = _file(tmp_path, "orders.csv", ORDERS)
    line = line_up_variants([scenario, scenario], {})
    assert line.kind == SHIFT
    assert [variant.scenario.robots for variant in line.variants] == [9, 9]
    assert [variant.scenario.demand.keep_waiting for variant in line.variants] == [0, 0]
    assert line_up_variants(["teaching", "demo"], {"orders": orders}).kind == SHIFT


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(ExperimentError, match="unknown kind 'stedy'; did you mean 'steady'"):
        line_up_variants(["teaching", "teaching"], {}, kind="stedy")


def test_names_tell_variants_apart(tmp_path: Path) -> None:
    copy = tmp_path / "teaching-2.toml"
    save(load("teaching"), copy)
    named = ["teaching", str(copy), "teaching", "teaching"]
    names = [variant.name for variant in line_up_variants(named, {}).variants]
    assert names == ["teaching", "teaching-2", "teaching-3", "teaching-4"]


def test_different_work_cannot_be_compared() -> None:
    with pytest.raises(ExperimentError, match="teaching does fulfilment and sortation does sort"):
        line_up_variants(["teaching", "sortation"], {})


def test_different_catalogues_cannot_be_compared(tmp_path: Path) -> None:
    named = [
        _file(tmp_path, f"{n}.toml", f'layout = "teaching"\n[demand]\nn_skus = {n}\n')
        for n in (200, 300)
    ]
    with pytest.raises(ExperimentError, match="different catalogues, of 200 and 300 SKUs"):
        line_up_variants(named, {})
    assert line_up_variants(named[:1] * 2, {}).variants[0].scenario.demand.n_skus == 200


def test_different_orders_cannot_be_compared_unless_all_are_given_the_same(tmp_path: Path) -> None:
    named = []
    for name in ("a", "b"):
        orders = _file(tmp_path, f"{name}.csv", ORDERS)
        named.append(_file(tmp_path, f"{name}.toml", f'layout = "teaching"\norders = "{orders}"\n'))
    with pytest.raises(ExperimentError, match="give all of them the same with --orders"):
        line_up_variants(named, {})
    line = line_up_variants(named, {"orders": str(tmp_path / "a.csv")})
    assert len({variant.scenario.orders for variant in line.variants}) == 1


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"is a folder without scenario\.toml"):
        line_up_variants(["teaching", str(tmp_path)], {})


def test_a_folder_of_a_run_is_named_after_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "more-units"
    folder.mkdir()
    (folder / "scenario.toml").write_text(Scenario(layout="teaching", robots=9).to_toml())
    line = line_up_variants([str(folder), "teaching"], {})
    assert [variant.name for variant in line.variants] == ["more-units", "teaching"]
    assert [variant.scenario.robots for variant in line.variants] == [9, 9]


@pytest.mark.parametrize(
    ("name", "told"), [("teachin", "teaching"), ("no-such-folder/floor.toml", "floor.toml")]
)
def test_a_floor_that_is_not_there_is_named(name: str, told: str) -> None:
    with pytest.raises(GridfleetError, match=told):
        line_up_variants(["teaching", name], {})


def test_a_floor_without_room_for_the_fleet_is_refused() -> None:
    with pytest.raises(GridfleetError, match=r"room|fit"):
        line_up_variants(["thousand", "teaching"], {"robots": 5000})


def test_files_of_the_scenario_are_taken_along(tmp_path: Path) -> None:
    floor = tmp_path / "hall.toml"
    save(load("teaching"), floor)
    orders = _file(tmp_path, "orders.csv", ORDERS)
    (variant, ready) = line_up_variants([str(floor), "teaching"], {"orders": orders}).variants
    assert set(variant.files) == {str(floor), orders}
    assert variant.files[str(floor)] == floor.read_bytes()
    assert set(ready.files) == {orders}


def test_differences_are_dotted_keys_with_both_values() -> None:
    plain = Scenario(layout="teaching", seed=1)
    changed = Scenario(layout="teaching", seed=2, guidance="none", due_hours=2.0)
    assert differences([plain, plain]) == {}
    assert differences([plain, changed]) == {"guidance": ("lanes", "none"), "due_hours": (4.0, 2.0)}


def test_what_only_one_scenario_says_is_a_difference() -> None:
    orders = {"orders": "orders.csv", "layout": "teaching"}
    plain, named = Scenario(**orders), Scenario(**orders, columns={"sku": "article"})
    assert differences([plain, named]) == {"columns.sku": (None, "article")}
    assert differences([named, plain]) == {"columns.sku": ("article", None)}

"""What a scenario says reaches the run; kinds of work, start cells, and units that do not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fleet_control.errors import CapacityError
from fleet_control.events import EventKind
from fleet_control.work.options import FulfilmentOptions
from gridfleet.demand import Placement
from gridfleet.kpis import kpis
from gridfleet.record import RunRecord
from gridfleet.scenario import Scenario, ScenarioError
from gridfleet.scenario_tables import DemandTable, Parcels
from gridfleet.simulation import Simulation
from gridfleet.wiring.units import turns_at_walls
from layouts import CellKind, Layout, Station, StationKind, load, open_layout, save
from twin.people import People, ServiceTimes
from twin.unit_model import DEFAULT_UNIT, MotionLimits

HOURS = 0.25


def run(**keys: object) -> RunRecord:
    return Simulation(Scenario(**{"layout": "teaching", "hours": HOURS, **keys})).run()


def count(record: RunRecord, kind: EventKind) -> int:
    return int((record.events["kind"] == kind).sum())


def sorting_floor(*, storage: bool = False, pick: bool = False) -> Layout:
    """Four induct stations in the north, four chutes in the south, an open floor between."""
    kinds = np.full((10, 16), CellKind.FLOOR, dtype=np.int8)
    stations = []
    for i in range(4):
        for row, kind in ((0, StationKind.INDUCT), (9, StationKind.EJECT)):
            kinds[row, 2 + 3 * i] = CellKind.STATION
            stations.append(Station(f"{kind}{i}", kind, row * 16 + 2 + 3 * i))
    if pick:
        kinds[5, 0] = CellKind.STATION
        stations.append(Station("pick", StationKind.PICK, 5 * 16))
    if storage:
        kinds[4:6, 6:10] = CellKind.STORAGE
    return open_layout("sorting", kinds, stations=tuple(stations))


@pytest.fixture
def sorting(tmp_path: Path) -> str:
    save(sorting_floor(), tmp_path / "sorting.toml")
    return str(tmp_path / "sorting.toml")


def test_people_take_as_long_as_the_scenario_says() -> None:
    slow = run(service=ServiceTimes(line_s=60.0))
    usual = run()
    assert slow.station_time_s[:, 0].sum() > 1.5 * usual.station_time_s[:, 0].sum()


def test_stock_as_the_scenario_says() -> None:
    few = run(stock=Placement(fill=0.2, skus_per_pod=3), demand=DemandTable(n_skus=20))
    assert "36 pods on 180 storage cells" in few.notes[0]
    assert "20 SKUs" in few.notes[0]


def test_a_closed_backlog_lasts_to_the_end() -> None:
    closed = run(demand=DemandTable(keep_waiting=4))
    assert "placed so that 4 orders wait for a station at all times" in closed.notes[1]
    assert not any("ran out" in note for note in closed.notes)
    figures = kpis(closed)
    assert figures["orders_waiting_share"] == 1.0
    assert figures["regime"] != "demand-bound"
    placed = closed.events["kind"] == EventKind.ORDER_PLACED
    assert (closed.events["time_s"][placed] > 0).sum() > 20
    orders = closed.events["order"][placed]
    assert orders.tolist() == list(range(len(orders)))
    assert closed.order_due_s is not None
    due_s = closed.order_due_s[orders] - closed.events["time_s"][placed]
    assert np.allclose(due_s, 4 * 3600.0)


def test_orders_that_run_out_are_told() -> None:
    short = run(
        demand=DemandTable(keep_waiting=4), stock=Placement(margin=0.0, min_lines=0), hours=0.05
    )
    (told,) = [note for note in short.notes if note.startswith("Orders ran out")]
    assert "Orders ran out at 0:00:00: all " in told
    assert "fewer than 4 waited" in told


def test_parcels_kept_waiting_as_the_scenario_says(sorting: str) -> None:
    record = run(layout=sorting, parcels=Parcels(keep_waiting=8))
    assert "8 wait at each of 4 induct stations at all times" in record.notes[0]
    placed, taken = (count(record, k) for k in (EventKind.ORDER_PLACED, EventKind.ORDER_ASSIGNED))
    assert placed - taken == 8 * 4


def test_rules_as_the_scenario_says() -> None:
    never = run(work=FulfilmentOptions(onward_rule="never"), hours=0.5)
    stored, served = count(never, EventKind.POD_STORED), count(never, EventKind.POD_SERVED)
    assert 0 <= served - stored <= 10, "every pod is stored between stations"


def test_units_drive_as_the_scenario_says() -> None:
    slow = replace(DEFAULT_UNIT.laden, speed_m_s=0.2)
    usual, crawling = run(), run(unit=replace(DEFAULT_UNIT, laden=slow))
    assert crawling.cells_driven.sum() < 0.7 * usual.cells_driven.sum()
    assert crawling.contacts == 0


def test_units_that_take_their_time_do_not_count_as_stopped() -> None:
    slow = replace(DEFAULT_UNIT.laden, speed_m_s=0.2)
    record = run(unit=replace(DEFAULT_UNIT, laden=slow, lift_s=15.0), hours=0.1)
    kinds = record.events["kind"]
    assert (kinds == EventKind.POD_LIFTED).any()
    assert not (kinds == EventKind.STOPPED).any()


def test_a_fast_unit_is_released_far_enough_ahead() -> None:
    limits = MotionLimits(3.0, 1.0, 1.0, 2.6, 12.0)
    floor = Scenario(
        layout="teaching", hours=0.1, unit=replace(DEFAULT_UNIT, empty=limits, laden=limits)
    )
    record = Simulation(floor).run()
    assert record.contacts == 0
    assert record.cells_driven.sum() > 0


def test_no_more_than_max_working_have_a_task() -> None:
    record = run(max_working=2)
    assert record.n_active == 2
    kinds = record.events["kind"]
    change = (kinds == EventKind.TASK_ASSIGNED).astype(int) - (kinds == EventKind.TASK_DONE)
    assert change.cumsum().max() == 2


@pytest.mark.parametrize(
    ("unit", "fault"),
    [
        (replace(DEFAULT_UNIT, length_m=1.2), "stands beyond the cells of 1 m"),
        (
            replace(DEFAULT_UNIT, length_m=0.9, width_m=0.8),
            "0.9 m by 0.8 m is 1.2 m across and turns beyond the cells of 1 m, into what stands on",
        ),
        (replace(DEFAULT_UNIT, pod_turns=True), "give pod_side_m of at most 0.828"),
        (replace(DEFAULT_UNIT, pod_side_m=1.0), "pods of that size touch each other"),
        (replace(DEFAULT_UNIT, pod_side_m=0.7), "does not fit below a pod of 0.7 m"),
        (
            replace(DEFAULT_UNIT, empty=replace(DEFAULT_UNIT.empty, speed_m_s=9.0)),
            "needs 44 cells to stop and at most 16 are released ahead",
        ),
    ],
)
def test_units_that_do_not_fit_are_refused(unit, fault: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        Simulation(Scenario(layout="teaching", unit=unit))
    assert fault in str(caught.value)


def test_turns_into_walls_are_refused_with_the_place_and_the_room(tmp_path: Path) -> None:
    save(replace(load("teaching"), wall_gap_m=0.05), tmp_path / "tight.toml")
    turning = replace(DEFAULT_UNIT, pod_side_m=0.8, pod_turns=True)
    with pytest.raises(ScenarioError) as caught:
        Simulation(Scenario(layout=str(tmp_path / "tight.toml"), unit=turning))
    told = str(caught.value)
    assert "a pod of 0.8 m that turns with its unit (pod_turns) is 1.13 m across" in told
    assert "by 0.066 m, into walls at row 1, column 1 and" in told
    assert "wall_gap_m of 0.05; give pod_side_m of at most 0.777" in told
    fits = replace(turning, pod_side_m=0.777)
    Simulation(Scenario(layout=str(tmp_path / "tight.toml"), unit=fits))


def test_units_turn_at_walls_only_where_they_may_turn() -> None:
    """A lane that is driven both ways has an end where units turn; one driven south has not."""
    floor = open_layout("hall", np.array([[0, 1, 0], [0, 1, 0], [1, 1, 1]], dtype=np.int8))
    assert turns_at_walls(floor).tolist() == [1, 4, 6, 7, 8]
    exits = floor.exits.copy()
    exits[:, 1] = False
    one_way = replace(floor, exits=exits)
    assert turns_at_walls(one_way).tolist() == [6, 7, 8]


def test_the_same_unit_fits_larger_cells(tmp_path: Path) -> None:
    save(replace(load("teaching"), cell_size_m=1.5), tmp_path / "wide.toml")
    wide = replace(DEFAULT_UNIT, length_m=1.1, pod_side_m=1.3)
    record = Simulation(Scenario(layout=str(tmp_path / "wide.toml"), hours=0.1, unit=wide)).run()
    assert record.contacts == 0


def test_units_start_where_the_scenario_says() -> None:
    simulation = Simulation(Scenario(layout="teaching", starts=((1, 1), (4, 16)), robots=5))
    cells = simulation._twin.connect().cells.tolist()
    assert cells[:2] == [0, simulation.layout.cell(3, 15)]
    assert len(set(cells)) == 5
    assert len(Simulation(Scenario(layout="teaching", starts=((1, 1),)))._twin.connect().cells) == 1


def test_bad_start_cells_come_together() -> None:
    floor = load("teaching")
    row, col = floor.row_col(int(floor.cells_of(CellKind.OBSTACLE)[0]))
    people = floor.row_col(int(floor.cells_of(CellKind.HUMAN)[0]))
    starts = (
        (row + 1, col + 1), (people[0] + 1, people[1] + 1), (0, 1), (1, floor.n_cols + 1),
        (1, 1), (1, 1),
    )  # fmt: skip
    with pytest.raises(ScenarioError) as caught:
        Simulation(Scenario(layout="teaching", starts=starts))
    faults = str(caught.value).split("\n")
    said = (
        f"unit 1 at row {row + 1}, column {col + 1} stands on a cell that is an obstacle",
        "stands on a cell that is for people only",
        "unit 3 at row 0, column 1 is off the floor",
        f"unit 4 at row 1, column {floor.n_cols + 1} is off the floor",
        "unit 6 at row 1, column 1 stands on the cell of unit 5",
    )
    assert len(faults) == len(said)
    assert all(text in fault for text, fault in zip(said, faults, strict=True))


def test_more_units_than_cells() -> None:
    room = len(load("teaching").cells_of(CellKind.FLOOR, CellKind.STORAGE))
    said = f"{room + 1} robots do not fit: teaching has {room} cells"
    with pytest.raises(CapacityError, match=said):
        Simulation(Scenario(layout="teaching", robots=room + 1))


def test_surplus_units_do_not_jam_the_floor() -> None:
    """The fleet that the floor advises, and twelve times as many."""
    demand = DemandTable(orders_per_hour=400.0)
    few, many = (run(robots=robots, hours=0.7, demand=demand) for robots in (20, 240))
    assert kpis(many)["lines_per_hour"] > 0.9 * kpis(few)["lines_per_hour"] > 600
    assert many.contacts == 0


def test_a_sortation_floor_sorts(sorting: str) -> None:
    simulation = Simulation(Scenario(layout=sorting, robots=8, hours=0.5))
    record = simulation.run()
    figures = kpis(record)
    assert simulation.counted == "parcels"
    assert figures["orders_completed"] > 0.8 * figures["orders_placed"] > 20
    assert figures["lines_per_hour"] == figures["units_per_hour"] == figures["orders_per_hour"]
    assert figures["picks_per_station_hour"] == pytest.approx(figures["lines_per_hour"] / 4, 0.01)
    assert figures["late_orders"] == 0
    assert figures["pile_on_lines"] is None
    assert record.contacts == record.conflicts == 0
    assert np.allclose(record.station_time_s.sum(axis=1), record.sim_s)
    assert figures["notes"][0].startswith("The floor sorts parcels: ")


def test_parcels_as_the_scenario_says(sorting: str) -> None:
    few = Parcels(parcels_per_hour=20.0, due_minutes=0.1)
    record = Simulation(Scenario(layout=sorting, robots=8, hours=1.0, parcels=few)).run()
    figures = kpis(record)
    assert 8 < figures["orders_placed"] < 40
    assert figures["late_orders"] == figures["orders_placed"]


def test_surplus_units_on_a_sortation_floor_make_way(sorting: str) -> None:
    few, many = (
        Simulation(
            Scenario(layout=sorting, robots=n, hours=0.5, parcels=Parcels(parcels_per_hour=150.0))
        ).run()
        for n in (12, 60)
    )
    done = [kpis(record)["orders_completed"] for record in (few, many)]
    assert done[1] > 0.8 * done[0]
    assert "the others rest and make way" in many.notes[1]
    assert many.contacts == 0


def test_both_kinds_of_stations_run_fulfilment(tmp_path: Path) -> None:
    save(sorting_floor(storage=True, pick=True), tmp_path / "both.toml")
    record = Simulation(Scenario(layout=str(tmp_path / "both.toml"), robots=3, hours=0.2)).run()
    assert any("8 induct and eject stations" in note for note in record.notes)
    assert count(record, EventKind.POD_PRESENTED) > 0


def test_tables_without_effect_are_named(sorting: str) -> None:
    scenario = Scenario(layout=sorting, hours=0.1, robots=4, stock=Placement(fill=0.5))
    told = [note for note in Simulation(scenario).notes if "no effect" in note]
    assert told == ["The table [stock] of the scenario has no effect: the floor runs sortation."]


def test_stations_differ_in_their_service_times() -> None:
    with pytest.raises(ValueError, match="1 service times for 2 stations"):
        People(2, 0, [ServiceTimes()])


def test_the_same_scenario_sorts_the_same(sorting: str) -> None:
    logs = [
        Simulation(Scenario(layout=sorting, robots=8, hours=0.2, seed=3)).run().events
        for _ in range(2)
    ]
    assert all(np.array_equal(logs[0][name], logs[1][name]) for name in logs[0])


def test_the_published_sorting_floor(tmp_path: Path) -> None:
    shared = Path(__file__).resolve().parents[1] / ".." / "shared"
    grid = shared / "layouts" / "rhcr_sorting_map.grid"
    if not grid.is_file():
        pytest.skip("the RHCR sorting floor is not on this machine")
    record = Simulation(Scenario(layout=str(grid), robots=60, hours=0.2)).run()
    figures = kpis(record)
    assert figures["orders_completed"] > 0.7 * figures["orders_placed"] > 100
    assert record.contacts == record.conflicts == 0

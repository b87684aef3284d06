"""A scenario: all that is needed to run a floor again, as one small TOML file.

    layout = "teaching"
    robots = 12
    hours = 4.0

    [demand]
    orders_per_hour = 120.0

Paths of floors and order files in a scenario file are relative to the folder of that file; names of
ready floors come first. A run saves them absolute (docs/decisions/0003-saved-scenarios.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from fleet_control.allocation import ALLOCATIONS
from fleet_control.mapf.guidance import GUIDANCES, LANES, NONE
from fleet_control.mapf.guiding import guidance_fault
from fleet_control.mapf.planner_choice import AUTO, PLANNER_NAMES
from fleet_control.work.options import FulfilmentOptions
from gridfleet.demand import PRESETS, DemandError, OrderColumns, Placement
from gridfleet.scenario_tables import (
    DemandTable,
    Parcels,
    backlog_faults,
    parcel_faults,
    service_faults,
    work_faults,
)
from gridfleet.typed_files import parse_table, read_table, suggest, to_toml
from gridfleet.unit_faults import unit_faults
from layouts import GridfleetError, library_names
from twin.people import ServiceTimes
from twin.physics.options import DETAILS, PhysicsOptions
from twin.unit_model import UnitModel

ENGINES = ("kinematic", "physics")
SYNTHETIC, NO_ORDERS = "synthetic", "none"
"""What may be in the place of an order file: orders are made up, or all of them come later."""
MOST_POSES_HZ = 60.0
"""An engine has no more ticks a second."""


class ScenarioError(GridfleetError, ValueError):
    """A scenario that cannot be run; the text says what to change, one fault a line."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to run. Raises ScenarioError for figures and names that no run can have.

    layout: library name or file. robots: units; 0 for the layout's own recommendation. max_working:
    units that have work at once; 0 for as many as the floor carries without jams. orders:
    "synthetic", a CSV or Parquet file, or "none": a live fleet does only what people add, with
    goods as for made-up orders. preset, columns, start: how to read it. hours: simulated.
    due_hours: time to fill an order where the file has no due time. planner: a name, or "auto" for
    what suits floor and fleet. guidance: what moves cost: "none", "lanes" made from the floor,
    another name, or a file (docs/guidance.md). faults: file of what goes wrong and when; "" where
    nothing does.
    starts: [row, column] counted from 1 where the first units stand at the start; the others stand
    where they are out of the way. demand: figures of synthetic orders. stock: what is on which pod.
    work: rules of fulfilment. parcels: of a sortation floor. service: people at stations. unit:
    sizes and limits of the drive units. physics: how finely the physics engine looks, on how many
    processes. poses_hz: how often a second poses are recorded, 0 for never; None for what is usual
    for the engine.
    """

    layout: str
    robots: int = 0
    max_working: int = 0
    orders: str = SYNTHETIC
    preset: str = "plain"
    columns: dict[str, str] = {}
    start: str = ""
    hours: float = 8.0
    due_hours: float = 4.0
    engine: str = "kinematic"
    planner: str = AUTO
    allocation: str = "optimal"
    guidance: str = LANES
    seed: int = 0
    faults: str = ""
    poses_hz: float | None = None
    starts: tuple[tuple[int, int], ...] = ()
    demand: DemandTable = DemandTable()
    stock: Placement = Placement()
    work: FulfilmentOptions = FulfilmentOptions()
    parcels: Parcels = Parcels()
    service: ServiceTimes = ServiceTimes()
    unit: UnitModel = UnitModel()
    physics: PhysicsOptions = PhysicsOptions()

    def __post_init__(self) -> None:
        faults = [*_name_faults(self), *_figure_faults(self)]
        if faults := faults or _demand_faults(self):
            raise ScenarioError("\n".join(faults))

    @property
    def order_file(self) -> str:
        """ "" where there is none."""
        return "" if self.orders in (SYNTHETIC, NO_ORDERS) else self.orders

    @property
    def guidance_file(self) -> str:
        """ "" where there is none."""
        return "" if self.guidance in GUIDANCES else self.guidance

    @property
    def orders_per_hour(self) -> float:
        """Of made-up orders; 0 sizes them to the stations."""
        return self.demand.orders_per_hour

    @property
    def line_s(self) -> float:
        """Mean seconds that a person takes for a line."""
        return self.service.line_s

    def resolved(self, folder: Path) -> Scenario:
        """The same with absolute paths; relative ones are relative to the folder.

        What is not there is left for the run to name.
        """
        return msgspec.structs.replace(
            self,
            layout=self.layout if self.layout in library_names() else _path(self.layout, folder),
            orders=_path(self.orders, folder) if self.order_file else self.orders,
            faults=_path(self.faults, folder) if self.faults else "",
            guidance=_path(self.guidance, folder) if self.guidance_file else self.guidance,
            stock=replace(
                self.stock, file=_path(self.stock.file, folder) if self.stock.file else ""
            ),
        )

    def to_toml(self) -> str:
        """The scenario as TOML text, every key of it."""
        return to_toml(self)


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file, its paths relative to its folder.

    Raises ScenarioError for all that is wrong in it at once; unknown keys name the nearest.
    """
    table = _as_today(read_table(path, ScenarioError))
    return parse_table(table, Scenario, str(path), ScenarioError).resolved(path.parent)


def _as_today(table: dict[str, Any]) -> dict[str, Any]:
    """Scenarios of before have `lanes`, true or false, for what `guidance` says."""
    if not isinstance(table.get("lanes"), bool):
        return table
    rest = {key: value for key, value in table.items() if key != "lanes"}
    return {"guidance": LANES if table["lanes"] else NONE, **rest}


def _path(name: str, folder: Path) -> str:
    place = folder / name
    if place.exists():
        return str(place.resolve())
    # A misspelt ready floor keeps its name; a missing file must not be looked for anywhere else.
    is_file_name = bool(Path(name).suffix) or len(Path(name).parts) > 1
    return str(place) if is_file_name else name


def _name_faults(scenario: Scenario) -> Iterator[str]:
    known = {
        "engine": ENGINES,
        "planner": PLANNER_NAMES,
        "allocation": ALLOCATIONS,
        "preset": PRESETS,
    }
    for key, names in known.items():
        name = getattr(scenario, key)
        if name not in names:
            yield f"unknown {key} {name!r}; {suggest(name, names)}"
    if fault := guidance_fault(scenario.guidance):
        yield fault
    detail = scenario.physics.detail
    if detail not in DETAILS:
        yield f"physics.detail: unknown detail {detail!r}; {suggest(detail, DETAILS)}"
    if scenario.order_file and not Path(scenario.order_file).suffix:
        for near in get_close_matches(scenario.order_file, (SYNTHETIC, NO_ORDERS), 1, 0.75):
            yield f"unknown orders {scenario.orders!r}; did you mean {near!r}?"
    columns = [field.name for field in fields(OrderColumns)]
    for name in scenario.columns:
        if name not in columns:
            yield f"columns: unknown column {name!r}; {suggest(name, columns)}"


def _figure_faults(scenario: Scenario) -> Iterator[str]:
    if not scenario.layout:
        yield "layout is empty; name a ready floor or a file"
    for key in ("hours", "due_hours"):
        value = getattr(scenario, key)
        if not (isfinite(value) and value > 0):
            yield f"{key} is {value}; give more than 0"
    if scenario.robots < 0:
        yield f"robots is {scenario.robots}; give 1 or more, or 0 for as many as the floor advises"
    if scenario.max_working < 0:
        value = scenario.max_working
        yield f"max_working is {value}; give 1 or more, or 0 for as many as the floor carries"
    hz = scenario.poses_hz
    if hz is not None and not 0 <= hz <= MOST_POSES_HZ:
        yield f"poses_hz is {hz}; give 0 for none, or up to {MOST_POSES_HZ:g} a second"
    if scenario.seed < 0:
        yield f"seed is {scenario.seed}; give 0 or more"
    for key in ("orders_per_hour", "n_skus"):
        if getattr(scenario.demand, key) < 0:
            value = getattr(scenario.demand, key)
            yield f"demand.{key} is {value}; give more than 0, or 0 to size it to the floor"
    yield from backlog_faults(scenario.demand, scenario.orders != NO_ORDERS)
    if 0 < scenario.robots < len(scenario.starts):
        n = len(scenario.starts)
        yield f"robots is {scenario.robots}, but starts names {n} cells; give {n} or more, or 0"
    yield from work_faults(scenario.work)
    yield from parcel_faults(scenario.parcels)
    yield from service_faults(scenario.service)
    yield from unit_faults(scenario.unit, scenario.engine)
    if scenario.physics.processes < 1:
        yield f"physics.processes is {scenario.physics.processes}; give 1 or more"


def _demand_faults(scenario: Scenario) -> list[str]:
    if scenario.order_file:
        return []
    try:
        scenario.demand.figures(scenario.hours, scenario.due_hours)
    except DemandError as error:
        return [fault.replace("made-up orders: ", "demand: ") for fault in error.faults]
    return []

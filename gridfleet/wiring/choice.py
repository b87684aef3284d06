"""Which kind of work a floor can do, by what it has."""

from __future__ import annotations

from collections.abc import Iterator

from gridfleet.demand import DemandError
from gridfleet.scenario import NO_ORDERS, Scenario
from gridfleet.wiring.errands import set_up_errands
from gridfleet.wiring.fulfilment import set_up_fulfilment
from gridfleet.wiring.sortation import set_up_sortation
from gridfleet.wiring.work_setup import Floor, WorkSetup
from layouts import POD_STATIONS, CellKind, Layout, StationKind

FULFILMENT, SORTATION, ERRANDS = "fulfilment", "sortation", "errands"
KINDS = {
    FULFILMENT: set_up_fulfilment,
    SORTATION: set_up_sortation,
    ERRANDS: set_up_errands,
}
_TABLES = {
    "demand": (FULFILMENT,),
    "stock": (FULFILMENT,),
    "work": (FULFILMENT,),
    "parcels": (SORTATION,),
    "service": (FULFILMENT, SORTATION),
}
"""Tables of a scenario, and the kinds of work that read them."""


def kind_of_work(layout: Layout) -> str:
    """Fulfilment with storage and stations for pods; sortation with stations for parcels; or else
    errands."""
    kinds = {station.kind for station in layout.stations}
    if kinds & set(POD_STATIONS) and len(layout.cells_of(CellKind.STORAGE)):
        return FULFILMENT
    if {StationKind.INDUCT, StationKind.EJECT} <= kinds:
        return SORTATION
    return ERRANDS


def set_up_work(kind: str, floor: Floor) -> WorkSetup:
    """The work of this scenario on this floor. kind: the floor's `kind_of_work`. Raises a
    GridfleetError where that cannot be."""
    _check_reading(floor.scenario)
    _check_files(floor.layout, floor.scenario, kind)
    setup = KINDS[kind](floor)
    setup.notes.extend(_idle_stations(floor.layout, kind))
    setup.notes.extend(_unread_tables(floor.scenario, kind))
    return setup


def _check_reading(scenario: Scenario) -> None:
    """How to read an order file says nothing where there is none."""
    usual = Scenario(layout=scenario.layout)
    faults = [
        f"{key} is {getattr(scenario, key)!r}, but no order file is named; give one with --orders "
        f"or leave {key} out"
        for key in ("preset", "columns", "start")
        if not scenario.order_file and getattr(scenario, key) != getattr(usual, key)
    ]
    if faults:
        raise DemandError(faults)


def _check_files(layout: Layout, scenario: Scenario, kind: str) -> None:
    """Files that nobody would read are refused: whoever names one wants it worked off."""
    if kind == FULFILMENT:
        return
    lacks = [
        what
        for what, is_there in (
            ("storage cells", len(layout.cells_of(CellKind.STORAGE)) > 0),
            ("pick stations", any(s.kind in POD_STATIONS for s in layout.stations)),
        )
        if not is_there
    ]
    files = {"orders": scenario.order_file, "stock": scenario.stock.file}
    faults = [
        f"{name} file {file}: the floor {layout.name!r} has no {' and no '.join(lacks)} to work it "
        f"off; take another floor, or leave out --{name} to run {kind} on this one"
        for name, file in files.items()
        if file
    ]
    if scenario.orders == NO_ORDERS:
        faults.append(
            f"orders is {NO_ORDERS!r}: the floor {layout.name!r} has no "
            f"{' and no '.join(lacks)}, so nobody can add any; leave that out to run {kind} on it"
        )
    if faults:
        raise DemandError(faults)


def _idle_stations(layout: Layout, kind: str) -> Iterator[str]:
    n_parcel = sum(station.kind not in POD_STATIONS for station in layout.stations)
    if kind == FULFILMENT and n_parcel:
        yield (
            f"The floor has storage and {n_parcel} induct and eject stations: it runs fulfilment, "
            "and those stations stay idle."
        )


def _unread_tables(scenario: Scenario, kind: str) -> Iterator[str]:
    usual = Scenario(layout=scenario.layout)
    for table, kinds in _TABLES.items():
        if kind not in kinds and getattr(scenario, table) != getattr(usual, table):
            yield f"The table [{table}] of the scenario has no effect: the floor runs {kind}."

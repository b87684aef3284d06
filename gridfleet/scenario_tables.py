"""Tables of a scenario that say more than one figure: made-up demand, and what may be put in them.

Stock, fulfilment, people and units are the very classes that the run uses (Placement,
FulfilmentOptions, ServiceTimes, UnitModel), so that a new option of theirs is at once a key of the
scenario file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite

import msgspec

from fleet_control.work import rules
from fleet_control.work.options import FulfilmentOptions
from gridfleet.demand import Placement, SyntheticDemand, demand_for
from gridfleet.typed_files import suggest
from layouts import Layout
from twin.people import ServiceTimes

MOST_WAITING = 10_000
"""More that wait for one place choose nothing better and only fill memory."""
_DEFAULT = SyntheticDemand(backlog_hours=0.5)
_RULES: dict[str, Mapping[str, object]] = {
    "order_rule": rules.ORDER_RULES,
    "return_rule": rules.RETURN_RULES,
    "pod_rule": rules.POD_RULES,
    "storage_rule": rules.STORAGE_RULES,
    "onward_rule": rules.ONWARD_RULES,
}


class DemandTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Figures of made-up orders, as in SyntheticDemand, whose hours come from the scenario.

    orders_per_hour, n_skus: 0 sizes them to the floor's stations and units, and to its pods.
    keep_waiting: 0 for orders that come by the clock, or so many that wait for a station at all
    times (a closed backlog): orders, of a file too, are placed one after another as they are
    needed, and what is said of when they come counts for nothing.
    """

    orders_per_hour: float = 0.0
    n_skus: int = 0
    day: tuple[float, ...] = _DEFAULT.day
    start_hour: float = _DEFAULT.start_hour
    lines_per_order: float = _DEFAULT.lines_per_order
    zipf: float = _DEFAULT.zipf
    units_per_line: float = _DEFAULT.units_per_line
    return_share: float = _DEFAULT.return_share
    backlog_hours: float = _DEFAULT.backlog_hours
    keep_waiting: int = 0

    def figures(self, hours: float, due_hours: float) -> SyntheticDemand:
        """The demand of a run, with ordinary figures for what is sized to a floor.

        Raises DemandError for figures that no orders can be made of.
        """
        given = msgspec.structs.asdict(self)
        del given["keep_waiting"]
        for name in ("orders_per_hour", "n_skus"):
            given[name] = given[name] or getattr(_DEFAULT, name)
        return SyntheticDemand(hours=hours, due_hours=due_hours, **given)

    def for_floor(
        self, layout: Layout, hours: float, due_hours: float, stock: Placement | None = None,
        n_units: int | None = None,
    ) -> SyntheticDemand:  # fmt: skip
        """The demand of a run on that floor, with so many units at work; raises DemandError."""
        figures = self.figures(hours, due_hours)
        sized = demand_for(layout, figures, placement=stock, n_units=n_units)
        return replace(
            sized,
            orders_per_hour=self.orders_per_hour or sized.orders_per_hour,
            n_skus=self.n_skus or sized.n_skus,
        )


@dataclass(frozen=True, slots=True)
class Parcels:
    """Parcels of a sortation floor.

    parcels_per_hour: of the whole floor; 0 sizes them to the induct stations and the units.
    due_minutes: a parcel is late so long after it arrived (an assumption; what is late depends on
    the departures). drop_s: seconds to drop a parcel into a chute, about the second of a tilting
    tray (an assumption). units_per_induct, units_per_chute: units on the way to one station or at
    it, as in SortationWork; 0 for as many as there is room for. keep_waiting: 0 for parcels that
    come by the clock, or so many that wait at each induct station at all times.
    """

    parcels_per_hour: float = 0.0
    due_minutes: float = 15.0
    drop_s: float = 1.0
    units_per_induct: int = 0
    units_per_chute: int = 0
    keep_waiting: int = 0


def parcel_faults(parcels: Parcels) -> Iterator[str]:
    """What is wrong with the parcels of a sortation floor."""
    cures = {
        "parcels_per_hour": "0 to size them to the floor",
        "units_per_induct": "0 for as many as there is room for",
        "units_per_chute": "0 for as many as there is room for",
        "keep_waiting": "0 for parcels that come by the clock",
    }
    for name, value in asdict(parcels).items():
        if not isfinite(value) or value < 0 or (value == 0 and name not in cures):
            cure = f", or {cures[name]}" if name in cures else ""
            yield f"parcels.{name} is {value}; give more than 0{cure}"
    if parcels.keep_waiting > MOST_WAITING:
        yield f"parcels.keep_waiting is {parcels.keep_waiting}; give at most {MOST_WAITING:,}"


def backlog_faults(demand: DemandTable, has_orders: bool) -> Iterator[str]:
    """What is wrong with a closed backlog."""
    told = f"demand.keep_waiting is {demand.keep_waiting}"
    if demand.keep_waiting < 0:
        yield f"{told}; give more than 0, or 0 for orders that come by the clock"
    if demand.keep_waiting > MOST_WAITING:
        yield f"{told}; give at most {MOST_WAITING:,}"
    if demand.keep_waiting > 0 and not has_orders:
        yield f"{told}, and there are no orders to keep waiting; leave out one of the two"


def work_faults(work: FulfilmentOptions) -> Iterator[str]:
    """What is wrong with the rules and limits of fulfilment."""
    for key, known in _RULES.items():
        name = getattr(work, key)
        if name not in known:
            yield f"work.{key}: unknown rule {name!r}; {suggest(name, known)}"
    for key in ("order_slots", "tasks_per_station", "laden_speed_m_s"):
        value = getattr(work, key)
        if value is not None and not (isfinite(value) and value > 0):
            yield f"work.{key} is {value}; give more than 0"


def service_faults(service: ServiceTimes) -> Iterator[str]:
    """What is wrong with the people at stations."""
    if not (isfinite(service.line_s) and service.line_s > 0):
        yield f"service.line_s is {service.line_s}; give the mean seconds of a line, more than 0"
    for key in ("cv", "unit_s"):
        value = getattr(service, key)
        if not (isfinite(value) and value >= 0):
            yield f"service.{key} is {value}; give 0 or more"
    if service.most_units < 1:
        yield f"service.most_units is {service.most_units}; give at least 1"

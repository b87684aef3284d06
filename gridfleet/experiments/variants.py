"""What is compared: floors or scenarios, made alike in all that they do not mean to differ in.

Where a floor alone is named, the fleet and the demand are those of the first variant: a floor must
not look better for having been given more units, or other orders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

import msgspec

from gridfleet.brain import Groundwork, lay_groundwork
from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.replication import Variant, files_of
from gridfleet.overrides import overridden, scenario_file
from gridfleet.run_folder import SCENARIO
from gridfleet.scenario import Scenario, ScenarioError
from gridfleet.typed_files import read_table, suggest
from gridfleet.wiring.choice import FULFILMENT, SORTATION
from gridfleet.wiring.sortation import parcel_rate
from layouts import PICK_STATIONS, StationKind, library_names

SHIFT, STEADY = "shift", "steady"
"""A whole run from its empty start; or what a floor does in the long run, without its warm-up."""
WAITING_PER_STATION = 20
"""Orders that always wait on a saturated floor, for each pick station: enough to choose from, and
no more than on a busy day (an assumption)."""
PARCELS_PER_STATION = 5
FLOOR_HOURS = 1.0
"""Of a replication where a floor alone is named."""


@dataclass(frozen=True, slots=True)
class Named:
    """A variant as it was named on the command line. is_floor: a floor alone, not a scenario."""

    name: str
    scenario: Scenario
    is_floor: bool


@dataclass(frozen=True, slots=True)
class Line:
    """Variants that can be compared, the first is what the others are compared with.

    kind: SHIFT or STEADY. work: as `kind_of_work`. differs: keys of scenarios that are not the
    same in all, with the value of each. notes: what was made alike.
    """

    variants: tuple[Variant, ...]
    kind: str
    work: str
    differs: dict[str, tuple[Any, ...]]
    notes: tuple[str, ...]


def line_up_variants(
    names: Sequence[str], options: Mapping[str, Any], *, kind: str | None = None,
    as_given: bool = False,
) -> Line:  # fmt: skip
    """Read variants and make them comparable.

    names: ready floors, floor files, scenario files, folders of runs. options: keys of scenarios,
    of all of them. kind: None for STEADY where floors without an order file are compared, else
    SHIFT. as_given: floors get made-up orders by the clock, not more than they can fill.
    Raises GridfleetError for what cannot be run, ExperimentError for what cannot be compared.
    """
    if kind not in (None, SHIFT, STEADY):
        raise ExperimentError(f"unknown kind {kind!r}; {suggest(kind, (SHIFT, STEADY))}")
    named = [_read(name, options) for name in names]
    is_open = all(one.is_floor for one in named) and not named[0].scenario.order_file
    kind = kind or (STEADY if is_open else SHIFT)
    scenarios, notes = _with_one_fleet(named, options)
    grounds = [lay_groundwork(scenario) for scenario in scenarios]
    check_work([one.name for one in named], [ground.kind for ground in grounds])
    _check_orders(named, grounds)
    scenarios, more = with_one_demand(scenarios, grounds[0], is_saturated=is_open and not as_given)
    _check_catalogues(scenarios)
    for scenario in scenarios:
        lay_groundwork(scenario)
    variants = tuple(
        Variant(name=name, scenario=scenario, files=files_in(scenario))
        for name, scenario in zip(_unique([one.name for one in named]), scenarios, strict=True)
    )
    return Line(variants, kind, grounds[0].kind, differences(scenarios), (*notes, *more))


# ---------------------------------------------------------------------- reading


def _read(name: str, options: Mapping[str, Any]) -> Named:
    path = Path(name)
    if name in library_names() or not _is_scenario(path):
        defaults = {"hours": FLOOR_HOURS, "layout": name}
        return Named(path.stem, overridden(None, {**defaults, **options}), is_floor=True)
    scenario = overridden(scenario_file(path), options)
    label = path.resolve().name if path.is_dir() else path.stem
    return Named(label, scenario, is_floor=False)


def _is_scenario(path: Path) -> bool:
    """Floors are TOML files too; a scenario names its floor."""
    if path.is_dir():
        if not (path / SCENARIO).is_file():
            raise ScenarioError(
                f"{path} is a folder without {SCENARIO}; name a floor, a scenario file or the "
                "folder of a run"
            )
        return True
    if path.suffix != ".toml" or not path.is_file():
        return False
    return isinstance(read_table(path, ScenarioError).get("layout"), str)


def _unique(names: list[str]) -> list[str]:
    """Names that tell variants apart: the second demo is demo-2."""
    found: list[str] = []
    for name in names:
        others = (f"{name}-{number}" for number in count(2))
        found.append(next(free for free in chain([name], others) if free not in found))
    return found


def files_in(scenario: Scenario) -> dict[str, bytes]:
    """As `files_of`, but raises ExperimentError."""
    try:
        return files_of(scenario)
    except OSError as error:
        raise ExperimentError(f"{error.filename}: cannot be read: {error.strerror}") from None


# ---------------------------------------------------------------------- making alike


def _with_one_fleet(
    named: Sequence[Named], options: Mapping[str, Any]
) -> tuple[list[Scenario], list[str]]:
    """Floors that name no fleet get that of the first variant."""
    if "robots" in options or not any(one.is_floor for one in named):
        return [one.scenario for one in named], []
    n_units = lay_groundwork(named[0].scenario).n_units
    scenarios = [
        msgspec.structs.replace(one.scenario, robots=n_units) if one.is_floor else one.scenario
        for one in named
    ]
    return scenarios, [f"All floors have {n_units} units, as many as {named[0].name} advises."]


def check_work(names: Sequence[str], kinds: Sequence[str]) -> None:
    """Raises ExperimentError where not all do the same kind of work."""
    for name, kind in zip(names, kinds, strict=True):
        if kind != kinds[0]:
            raise ExperimentError(
                f"{names[0]} does {kinds[0]} and {name} does {kind}; compare floors that do the "
                "same work"
            )


def _check_orders(named: Sequence[Named], grounds: Sequence[Groundwork]) -> None:
    first = grounds[0]
    for one, ground in zip(named, grounds, strict=True):
        if ground.scenario.order_file != first.scenario.order_file:
            raise ExperimentError(
                f"{named[0].name} and {one.name} have different orders and different catalogues: "
                f"{first.scenario.orders} and {ground.scenario.orders}; give all of them the same "
                "with --orders"
            )


def with_one_demand(
    scenarios: Sequence[Scenario], first: Groundwork, *, is_saturated: bool
) -> tuple[list[Scenario], list[str]]:
    """The same, with made-up orders or parcels sized to the first, where a scenario does not say
    itself; and what was done. is_saturated: more of them than a floor can do."""
    if first.kind == SORTATION:
        return _with_one_stream(scenarios, first, is_saturated=is_saturated)
    if first.kind != FULFILMENT or first.scenario.order_file:
        return list(scenarios), []
    reference = first.scenario.demand.for_floor(
        first.layout, first.scenario.hours, first.scenario.due_hours, first.scenario.stock,
        first.setup.n_active,
    )  # fmt: skip
    n_waiting = WAITING_PER_STATION * max(1, _count(first, PICK_STATIONS)) if is_saturated else 0
    alike = []
    for scenario in scenarios:
        demand = msgspec.structs.replace(
            scenario.demand,
            orders_per_hour=scenario.demand.orders_per_hour or reference.orders_per_hour,
            n_skus=scenario.demand.n_skus or reference.n_skus,
        )
        if n_waiting and not demand.keep_waiting:
            demand = msgspec.structs.replace(demand, keep_waiting=n_waiting)
        alike.append(msgspec.structs.replace(scenario, demand=demand))
    if n_waiting:
        told = f"{n_waiting} orders wait at all times, more than a floor can fill"
    else:
        told = f"{reference.orders_per_hour:,.0f} orders an hour are made up"
    return alike, [f"{told}, of {reference.n_skus:,} SKUs, the same for all variants."]


def _check_catalogues(scenarios: Sequence[Scenario]) -> None:
    if scenarios[0].order_file:
        return
    sizes = sorted({scenario.demand.n_skus for scenario in scenarios})
    if len(sizes) > 1:
        told = " and ".join(f"{size:,}" for size in sizes)
        raise ExperimentError(
            f"the variants have different catalogues, of {told} SKUs; give all the same "
            "demand.n_skus"
        )


def _with_one_stream(
    scenarios: Sequence[Scenario], first: Groundwork, *, is_saturated: bool
) -> tuple[list[Scenario], list[str]]:
    """Parcels are sized to the first variant."""
    rate = parcel_rate(first.layout, first.scenario, first.setup.n_active)
    n_waiting = PARCELS_PER_STATION if is_saturated else 0
    alike = []
    for scenario in scenarios:
        parcels = replace(
            scenario.parcels, parcels_per_hour=scenario.parcels.parcels_per_hour or rate
        )
        if n_waiting and not parcels.keep_waiting:
            parcels = replace(parcels, keep_waiting=n_waiting)
        alike.append(msgspec.structs.replace(scenario, parcels=parcels))
    if n_waiting:
        told = f"{n_waiting} parcels wait at each induct station at all times"
    else:
        told = f"{rate:,.0f} parcels an hour arrive"
    return alike, [f"{told}, the same for all variants."]


def _count(ground: Groundwork, kinds: Sequence[StationKind]) -> int:
    return sum(station.kind in kinds for station in ground.layout.stations)


# ---------------------------------------------------------------------- what differs


def differences(scenarios: Sequence[Scenario]) -> dict[str, tuple[Any, ...]]:
    """Dotted keys in which scenarios differ, with the value of each, None where it has none; the
    seed is not looked at."""
    flat = [dict(_leaves(msgspec.to_builtins(scenario))) for scenario in scenarios]
    keys = [key for key in dict.fromkeys(chain(*flat)) if key != "seed"]
    values = {key: tuple(one.get(key) for one in flat) for key in keys}
    return {key: found for key, found in values.items() if any(v != found[0] for v in found)}


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value

"""The points of a sweep as variants: made alike in all that is not varied, and checked.

A point that cannot be run is a fault that is told before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gridfleet.brain import Groundwork, lay_groundwork
from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.replication import Variant
from gridfleet.experiments.sweep.file import SweepFile, SweepTable, scenario_of
from gridfleet.experiments.sweep.parameters import Parameter
from gridfleet.experiments.variants import SHIFT, STEADY, check_work, files_in, with_one_demand
from gridfleet.scenario import Scenario
from layouts import GridfleetError
from layouts.words import count

_DEMAND = (
    "orders", "demand.orders_per_hour", "demand.keep_waiting", "demand.n_skus",
    "parcels.parcels_per_hour", "parcels.keep_waiting",
)  # fmt: skip
"""Keys that say how much there is to do: where none is set, it is more than a floor can do."""


@dataclass(frozen=True, slots=True)
class Point:
    """number: from 1 on. values: of the parameters, in their order. name: of its variant, made of
    the values, so that a sweep that is given more of them finds what has run."""

    number: int
    values: tuple[Any, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """All points, ready to run. variants: of each, in the same order. kind: "shift" or "steady"."""

    table: SweepTable
    parameters: tuple[Parameter, ...]
    points: tuple[Point, ...]
    variants: tuple[Variant, ...]
    kind: str
    notes: tuple[str, ...]


def lay_out(sweep: SweepFile) -> Field:
    """Raises ExperimentError with every fault of every point, and the first point that has it."""
    points = tuple(
        Point(number, values, _name(sweep.parameters, values))
        for number, values in enumerate(sweep.points, start=1)
    )
    if len(points) < 2:
        raise ExperimentError(f"{sweep.path}: all samples are the same point; vary more")
    scenarios = _made(sweep, points)
    kind = sweep.table.kind or (STEADY if _says_no_demand(sweep, scenarios[0]) else SHIFT)
    if kind == STEADY and any(parameter.key == "hours" for parameter in sweep.parameters):
        raise ExperimentError(
            f"{sweep.path}: hours cannot be varied in a steady state, which does not depend on it; "
            f"set kind = {SHIFT!r}, or demand.orders_per_hour"
        )
    scenarios, notes = _alike(sweep, points, scenarios, kind)
    kept: dict[bytes, bytes] = {}
    variants = tuple(
        Variant(name=point.name, scenario=scenario, files=_shared(files_in(scenario), kept))
        for point, scenario in zip(points, scenarios, strict=True)
    )
    if sweep.table.samples > len(points):
        notes.append(f"{len(points)} of {sweep.table.samples} samples are different points.")
    return Field(sweep.table, sweep.parameters, points, variants, kind, tuple(notes))


def told(keys: Sequence[str], values: Sequence[Any]) -> str:
    """A point for people: "robots = 20, layout = demo"."""
    return ", ".join(f"{key} = {value}" for key, value in zip(keys, values, strict=True))


def _name(parameters: Sequence[Parameter], values: Sequence[Any]) -> str:
    pairs = zip(parameters, values, strict=True)
    return ",".join(f"{parameter.key}={value}" for parameter, value in pairs)


def _made(sweep: SweepFile, points: Sequence[Point]) -> list[Scenario]:
    """The scenario of each point. Where one cannot be made, the others are tried on their floors,
    so that all faults come together."""
    faults, found = _Faults(sweep), []
    for point in points:
        try:
            found.append((point, scenario_of(sweep.keys_at(point.values), sweep.path.parent)))
        except GridfleetError as error:
            faults.add(point, error)
    if faults:
        _kinds(found, faults)
    faults.check(len(points))
    return [scenario for _, scenario in found]


def _kinds(found: Iterable[tuple[Point, Scenario]], faults: _Faults) -> list[str]:
    """Kinds of work of the points that can be run."""
    kinds = []
    for point, scenario in found:
        try:
            kinds.append(lay_groundwork(scenario).kind)
        except GridfleetError as error:
            faults.add(point, error)
    return kinds


def _check(sweep: SweepFile, points: Sequence[Point], scenarios: Sequence[Scenario]) -> None:
    """Raises ExperimentError where a point cannot be run, or does other work than the first."""
    faults = _Faults(sweep)
    kinds = _kinds(zip(points, scenarios, strict=True), faults)
    faults.check(len(points))
    check_work([point.name for point in points], kinds)


def _says_no_demand(sweep: SweepFile, first: Scenario) -> bool:
    """Whether neither the scenario nor a parameter sets how much there is to do."""
    if first.order_file or any(one.key in _DEMAND for one in sweep.parameters):
        return False
    return not (first.demand.orders_per_hour or first.parcels.parcels_per_hour)


def _alike(
    sweep: SweepFile, points: Sequence[Point], scenarios: list[Scenario], kind: str
) -> tuple[list[Scenario], list[str]]:
    """The same fleet and the same demand where nothing says otherwise: those of the first point."""
    keys, notes = {parameter.key for parameter in sweep.parameters}, []
    first = _first(sweep, points, scenarios)
    if "robots" not in keys and not scenarios[0].robots:
        scenarios = [msgspec.structs.replace(one, robots=first.n_units) for one in scenarios]
        notes.append(
            f"Every point has {first.n_units} units, as many as the first one's floor advises."
        )
    if len({bool(one.order_file) for one in scenarios}) > 1:
        raise ExperimentError(
            f"{sweep.path}: some points have an order file and some made-up orders, which are not "
            "alike; name order files only"
        )
    is_saturated = kind == STEADY and _says_no_demand(sweep, scenarios[0])
    scenarios, more = with_one_demand(scenarios, first, is_saturated=is_saturated)
    if not keys & set(_DEMAND):
        notes += [line.replace("variants", "points") for line in more]
    _check(sweep, points, scenarios)
    return scenarios, notes


def _first(sweep: SweepFile, points: Sequence[Point], scenarios: Sequence[Scenario]) -> Groundwork:
    """What the others are made alike with. Where it cannot be run, all faults are told."""
    try:
        return lay_groundwork(scenarios[0])
    except GridfleetError:
        _check(sweep, points, scenarios)
        raise


def _shared(files: Mapping[str, bytes], kept: dict[bytes, bytes]) -> dict[str, bytes]:
    """The same bytes only once: they go to every worker, and all points mostly have the same."""
    return {path: kept.setdefault(data, data) for path, data in files.items()}


class _Faults:
    """Faults of points: each is told once, with the first point that has it."""

    def __init__(self, sweep: SweepFile) -> None:
        self._sweep = sweep
        self._points: dict[str, list[Point]] = {}

    def __bool__(self) -> bool:
        return bool(self._points)

    def add(self, point: Point, error: GridfleetError) -> None:
        for line in str(error).split("\n"):
            self._points.setdefault(line, []).append(point)

    def check(self, n_points: int) -> None:
        """Raises ExperimentError with all of them; what all points have is none of theirs."""
        keys = [parameter.key for parameter in self._sweep.parameters]
        lines = []
        for fault, points in self._points.items():
            first = points[0]
            place = f"point {first.number} ({told(keys, first.values)}): "
            more = f" (and at {count(len(points) - 1, 'more point')})" if len(points) > 1 else ""
            if len(points) == n_points:
                place = more = ""
            lines.append(f"{self._sweep.path}: {place}{fault}{more}")
        if lines:
            raise ExperimentError("\n".join(lines))

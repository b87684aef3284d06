"""The file of a sweep: a scenario, what is varied in it, and how.

    layout = "demo"
    hours = 2.0

    [sweep]
    design = "factorial"

    [parameters]
    robots = [20, 40]
    "service.line_s" = [4, 6, 8]

`scenario = "today.toml"` takes another file's scenario, over which go the keys of this one. Paths
are relative to the folder of the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.measures.catalogue import OUTPUT, measure_named
from gridfleet.experiments.sweep.design import (
    DESIGNS,
    FACTORIAL,
    LATIN,
    Values,
    factorial,
    latin_hypercube,
)
from gridfleet.experiments.sweep.parameters import Parameter, read_parameters
from gridfleet.experiments.variants import SHIFT, STEADY
from gridfleet.overrides import scenario_file
from gridfleet.scenario import Scenario, ScenarioError
from gridfleet.typed_files import fill_table, read_table, suggest, unknown_key
from layouts import GridfleetError

KINDS = (SHIFT, STEADY)
MOST_POINTS = 5000
SCENARIO, SWEEP, PARAMETERS = "scenario", "sweep", "parameters"


class SweepTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to sweep. Raises ExperimentError for what cannot be done.

    samples: points of a Latin hypercube. replications: of every point. kind: "shift" or "steady";
    "" for steady where nothing is said about demand. kpi: key figure that decides. confidence: of
    the intervals. seed: of the first replication, and of a Latin hypercube.
    """

    design: str = FACTORIAL
    samples: int = 0
    replications: int = 5
    kind: str = ""
    kpi: str = OUTPUT
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if faults := list(_table_faults(self)):
            raise ExperimentError("\n".join(faults))


@dataclass(frozen=True, slots=True)
class SweepFile:
    """path: of the file. base: keys of the scenario that all points share, as in its file."""

    path: Path
    table: SweepTable
    base: Mapping[str, Any]
    parameters: tuple[Parameter, ...]

    @property
    def points(self) -> list[Values]:
        if self.table.design == LATIN:
            return latin_hypercube(self.parameters, self.table.samples, self.table.seed)
        return factorial(self.parameters)

    def keys_at(self, point: Values) -> dict[str, Any]:
        """Tables of the scenario at a point."""
        keys = [parameter.key for parameter in self.parameters]
        return with_values(self.base, dict(zip(keys, point, strict=True)))


def read_sweep(path: Path, options: Mapping[str, Any] | None = None) -> SweepFile:
    """Read a sweep. options: keys of `[sweep]` that go before the file's. Raises ExperimentError
    for all that is wrong in it at once; values that no run can have show when points are made."""
    given, faults = read_table(path, ExperimentError), list[str]()
    tables = {name: given.pop(name, {}) for name in (SWEEP, PARAMETERS)}
    for name in (name for name, value in tables.items() if not isinstance(value, dict)):
        faults.append(f"{name} is {tables[name]!r}; it is a table: write [{name}] and keys below")
        tables[name] = {}
    table = _sweep_table({**tables[SWEEP], **(options or {})}, faults)
    parameters = read_parameters(tables[PARAMETERS], faults)
    base = _base(given, path.parent, faults)
    if table is not None:
        faults += _design_faults(table, parameters)
    if faults:
        faults += _base_faults(base, parameters, tables[PARAMETERS])
        lines = [line for fault in faults for line in fault.split("\n")]
        raise ExperimentError("\n".join(f"{path}: {line}" for line in lines))
    assert table is not None
    return SweepFile(path, table, base, parameters)


def _sweep_table(given: dict[str, Any], faults: list[str]) -> SweepTable | None:
    """Unknown keys do not hide what is wrong with the known ones."""
    known = [field.name for field in msgspec.structs.fields(SweepTable)]
    for key in [key for key in given if key not in known]:
        del given[key]
        faults.append(unknown_key(key, known, prefix=f"{SWEEP}."))
    return fill_table(given, SweepTable, SWEEP, faults)


def with_values(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Tables with values at dotted keys; those of the base stay as they are."""
    found = dict(base)
    for key, value in values.items():
        table, _, rest = key.partition(".")
        if not rest:
            found[key] = value
            continue
        inner = found.get(table, {})
        # What is no table is a fault that whoever reads the scenario tells.
        found[table] = with_values(inner, {rest: value}) if isinstance(inner, dict) else inner
    return found


def _base(given: dict[str, Any], folder: Path, faults: list[str]) -> dict[str, Any]:
    """Keys of the scenario: those of the file, over those of the file that it names."""
    name = given.pop(SCENARIO, None)
    known = [field.name for field in msgspec.structs.fields(Scenario)]
    for key in [key for key in given if key not in known]:
        del given[key]
        faults.append(unknown_key(key, [SCENARIO, SWEEP, PARAMETERS, *known]))
    if name is None:
        return given
    if not isinstance(name, str):
        faults.append(f"{SCENARIO} is {name!r}; name a scenario file in quotes")
        return given
    try:
        base = tomllib.loads(scenario_file(folder / name).to_toml())
    except GridfleetError as error:
        faults += str(error).split("\n")
        return given
    return with_values(base, dict(_flat(given)))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and prefix + key != "columns":
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _table_faults(table: SweepTable) -> Iterator[str]:
    if table.design not in DESIGNS:
        yield f"unknown design {table.design!r}; {suggest(table.design, DESIGNS)}"
    if table.design == LATIN and table.samples < 2:
        yield f"samples is {table.samples}; a Latin hypercube has 2 or more points"
    if table.design == FACTORIAL and table.samples:
        yield f"samples is {table.samples}, but a factorial design runs all combinations; leave " \
              f"it out, or set design = {LATIN!r}"  # fmt: skip
    if table.kind not in ("", *KINDS):
        yield f"unknown kind {table.kind!r}; {suggest(table.kind, KINDS)}"
    if table.replications < 2:
        yield f"replications is {table.replications}; give 2 or more"
    if not 0.5 <= table.confidence < 1.0:
        yield f"confidence is {table.confidence:.6g}; give 0.5 or more and less than 1"
    if table.seed < 0:
        yield f"seed is {table.seed}; give 0 or more"
    try:
        measure_named(table.kpi)
    except ExperimentError as error:
        yield str(error)


def _design_faults(table: SweepTable, parameters: tuple[Parameter, ...]) -> Iterator[str]:
    n_points = 1
    for parameter in parameters:
        if table.design == FACTORIAL and parameter.is_range:
            yield (
                f"parameters: {parameter.key} is a range, and a factorial design takes single "
                "values; add steps, as in { from = 20, to = 60, steps = 5 }, or give a list"
            )
        if table.kind == STEADY and parameter.key == "hours":
            yield (
                "parameters: hours cannot be varied in a steady state, which does not depend on "
                f"it; leave it out, or set kind = {SHIFT!r}"
            )
        n_points *= max(1, len(parameter.levels))
    n_points = table.samples if table.design == LATIN else n_points
    if n_points > MOST_POINTS:
        yield (
            f"{n_points:,} points are more than {MOST_POINTS:,}; vary less, or draw some of them "
            f"with design = {LATIN!r} and samples"
        )


def _base_faults(
    base: dict[str, Any], parameters: tuple[Parameter, ...], named: Mapping[str, Any]
) -> list[str]:
    """What is wrong with the scenario itself, told beside what else is wrong."""
    values = {one.key: one.levels[0] if one.levels else one.grid(2)[0] for one in parameters}
    faults: list[str] = []
    if "layout" in named:
        base = {"layout": "?", **base}
    fill_table(with_values(base, values), Scenario, "", faults)
    return faults


def scenario_of(keys: Mapping[str, Any], folder: Path) -> Scenario:
    """A scenario of tables, its paths relative to the folder. Raises ScenarioError."""
    faults: list[str] = []
    found = fill_table(dict(keys), Scenario, "", faults)
    if found is None:
        raise ScenarioError("\n".join(faults))
    return found.resolved(folder)

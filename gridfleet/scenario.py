"""A scenario: all that is needed to run a floor again, as one small TOML file."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from layouts import GridfleetError

ENGINES = ("kinematic",)
PLANNERS = ("pibt",)
ALLOCATIONS = ("nearest", "optimal")
SYNTHETIC = "synthetic"


class ScenarioError(GridfleetError, ValueError):
    """A scenario that cannot be run; the text says what to change."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to run.

    layout: library name or file. robots: units; 0 for the layout's own recommendation. orders:
    "synthetic" or a CSV or Parquet file. preset, columns, start: how to read it. orders_per_hour:
    of synthetic orders; 0 sizes them to the stations. hours: simulated. due_hours: time to fill an
    order where the file has no due time. lanes: make lanes from the floor. line_s: mean seconds
    that a person takes for a line.
    """

    layout: str
    robots: int = 0
    orders: str = SYNTHETIC
    preset: str = "plain"
    columns: dict[str, str] = {}
    start: str = ""
    orders_per_hour: float = 0.0
    hours: float = 8.0
    due_hours: float = 4.0
    engine: str = "kinematic"
    planner: str = "pibt"
    allocation: str = "optimal"
    lanes: bool = True
    line_s: float = 6.0
    seed: int = 0

    def __post_init__(self) -> None:
        faults = [
            _unknown("engine", self.engine, ENGINES),
            _unknown("planner", self.planner, PLANNERS),
            _unknown("allocation", self.allocation, ALLOCATIONS),
            "" if self.hours > 0 else f"hours is {self.hours}; give more than 0",
            "" if self.due_hours > 0 else f"due_hours is {self.due_hours}; give more than 0",
            "" if self.line_s > 0 else f"line_s is {self.line_s}; give more than 0",
            ""
            if self.robots >= 0
            else f"robots is {self.robots}; give 1 or more, 0 for as advised",
            "" if self.seed >= 0 else f"seed is {self.seed}; give 0 or more",
            "" if self.orders_per_hour >= 0 else "orders_per_hour is below 0; give 0 or more",
        ]
        if any(faults):
            raise ScenarioError("\n".join(fault for fault in faults if fault))

    def to_toml(self) -> str:
        """The scenario as TOML text."""
        return tomli_w.dumps(msgspec.to_builtins(self))


def _unknown(what: str, name: str, known: tuple[str, ...]) -> str:
    if name in known:
        return ""
    near = get_close_matches(name, known, n=1, cutoff=0.3)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return f"unknown {what} {name!r}; {hint}"


def read_scenario(path: Path) -> Scenario:
    """Read scenario.toml. Raises ScenarioError for unknown keys (naming the nearest) and values."""
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: not readable as TOML: {error}") from None
    known = tuple(field.name for field in msgspec.structs.fields(Scenario))
    faults = [f"{path}: {_unknown('key', key, known)}" for key in table if key not in known]
    if faults:
        raise ScenarioError("\n".join(faults))
    try:
        return msgspec.convert(table, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{path}: {error}") from None

"""What a sweep varies: a key of a scenario, with the values that it takes or the range it is in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from gridfleet.scenario import Scenario
from gridfleet.typed_files import checked_value, leaf_types, suggest, unknown_key
from layouts.words import count

RANGE = ("from", "to", "steps", "log")
DIGITS = 4
"""Of values that come from a range: no more than anybody would set by hand."""
_NEVER = {
    "seed": "all points run with the same seeds, from seed in [sweep] on",
    "poses_hz": "a sweep keeps no poses",
}
_MOST_KEYS = 12


@dataclass(frozen=True, slots=True)
class Parameter:
    """key: dotted, of a scenario. levels: values in their order; () for a range. low, high: ends of
    the range, in whole numbers or not, on a scale that is logarithmic or not."""

    key: str
    levels: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    is_whole: bool = False
    is_log: bool = False

    @property
    def is_range(self) -> bool:
        return not self.levels

    def at(self, shares: NDArray[np.float64]) -> list[Any]:
        """The values at shares from 0 to below 1 of the range, or of the list of levels."""
        if self.levels:
            return [self.levels[int(share * len(self.levels))] for share in shares]
        # The ends of a range of whole numbers are as wide as all others.
        high = self.high + 1.0 if self.is_whole else self.high
        return [self._rounded(value) for value in _scaled(shares, self.low, high, self.is_log)]

    def grid(self, n: int) -> list[Any]:
        """At most n values, evenly from one end of the range to the other."""
        values = _scaled(np.linspace(0.0, 1.0, n), self.low, self.high, self.is_log)
        found = [round(value) if self.is_whole else _significant(value) for value in values]
        return list(dict.fromkeys(found))

    def _rounded(self, value: float) -> Any:
        if self.is_whole:
            return int(min(math.floor(value), self.high))
        return _significant(value)


def _scaled(
    shares: NDArray[np.float64], low: float, high: float, is_log: bool
) -> NDArray[np.float64]:
    if is_log:
        low, high = math.log(low), math.log(high)
    values = low + shares * (high - low)
    return np.exp(values) if is_log else values


def _significant(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def read_parameters(table: Mapping[str, Any], faults: list[str]) -> tuple[Parameter, ...]:
    """Those of a table `[parameters]`; messages are added to `faults`."""
    types = leaf_types(Scenario)
    if not table:
        faults.append(
            "nothing is varied; name a key of a scenario and its values below [parameters], as in "
            "robots = [20, 30, 40]"
        )
    found = []
    for key, value in _flat(table, types):
        n_before = len(faults)
        parameter = _read(key, value, types, faults)
        if len(faults) == n_before and parameter is not None:
            found.append(parameter)
    return tuple(found)


def _flat(
    table: Mapping[str, Any], types: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """service.line_s without quotes is a table in TOML, and means the same."""
    for name, value in table.items():
        key = prefix + name
        is_above = any(other.startswith(f"{key}.") for other in types)
        if is_above and isinstance(value, dict):
            yield from _flat(value, types, f"{key}.")
        else:
            yield key, value


def _read(key: str, value: object, types: Mapping[str, Any], faults: list[str]) -> Parameter | None:
    if key in _NEVER:
        faults.append(f"parameters: {key} cannot be varied: {_NEVER[key]}")
    elif key not in types:
        faults.append(f"parameters: {unknown_key(key, types, types, most=_MOST_KEYS)}")
    elif isinstance(value, dict) and not _is_mapping(types[key]):
        return _range(key, value, types[key], faults)
    elif isinstance(value, list):
        return _levels(key, value, types[key], faults)
    else:
        faults.append(
            f"parameters: {key} is {value!r}; give a list of values, or a range as "
            "{ from = 20, to = 60 }"
        )
    return None


def _is_mapping(kind: Any) -> bool:
    return getattr(kind, "__origin__", kind) is dict


def _levels(key: str, values: list[Any], kind: Any, faults: list[str]) -> Parameter | None:
    checked = [checked_value(value, kind, f"parameters: {key}", faults) for value in values]
    if len(values) < 2:
        faults.append(
            f"parameters: {key} has {count(len(values), 'value')}; give two or more, or set it "
            "above as a key of the scenario"
        )
    for index, value in enumerate(checked):
        if value in checked[:index]:
            faults.append(f"parameters: {key} has {values[index]!r} twice; leave one out")
    return Parameter(key, tuple(checked))


def _range(key: str, table: dict[str, Any], kind: Any, faults: list[str]) -> Parameter | None:
    place = f"parameters: {key}"
    kinds = {part for part in (kind, *get_args(kind)) if isinstance(part, type)}
    if not kinds & {int, float}:
        faults.append(f"{place} is no number, and has no range; give a list of values")
        return None
    number = int if int in kinds else float
    n_before = len(faults)
    faults += [f"{place}: unknown key {name!r}; {suggest(name, RANGE)}"
               for name in table if name not in RANGE]  # fmt: skip
    faults += [f"{place}: the key {name!r} is missing" for name in RANGE[:2] if name not in table]
    wanted = {"from": number, "to": number, "steps": int, "log": bool}
    given: dict[str, Any] = {"steps": 0, "log": False}
    for name in (name for name in RANGE if name in table):
        given[name] = checked_value(table[name], wanted[name], f"{place}: {name}", faults)
    if len(faults) > n_before:
        return None
    faults += [f"{place}: {fault}" for fault in _range_faults(given, "steps" in table)]
    if len(faults) > n_before:
        return None
    found = Parameter(
        key, (), float(given["from"]), float(given["to"]), number is int, given["log"]
    )
    return Parameter(key, tuple(found.grid(given["steps"]))) if given["steps"] else found


def _range_faults(given: Mapping[str, Any], has_steps: bool) -> Iterator[str]:
    low, high = given["from"], given["to"]
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        yield f"from {low} to {high} is no range; give a lower and a higher number"
    if given["log"] and not low > 0:
        yield f"a logarithmic range begins above 0, not at {low}"
    if has_steps and given["steps"] < 2:
        yield f"steps is {given['steps']}; give 2 or more"

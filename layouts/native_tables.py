"""The keys and tables of a floor file, and all that is wrong with their names and types.

msgspec stops at the first fault of a value; here every key is converted on its own, so that all
faults of a file come together and unknown keys name the nearest known one.
"""

from __future__ import annotations

import tomllib
from types import UnionType
from typing import Any, get_args, get_origin

import msgspec

from layouts.drawing import nearest
from layouts.errors import LayoutError

Span = int | str | list[int]
"""Rows or columns from 1, both ends included: 3, [3, 17] or "3-17"."""
Headings = str | list[str]
"""East, north, west, south: one, a list, several words in one string, or "all"."""
_WRONG = object()


class LegendEntry(msgspec.Struct, forbid_unknown_fields=True):
    """A character that also puts its cells into a zone."""

    kind: str
    zone: str = ""


class StationTable(msgspec.Struct, forbid_unknown_fields=True):
    """A [[stations]] table. row, col: its service cell, from 1. What is left out is worked out.

    queue: [row, col] of its cells from the front to the back, as lists or as "4,1 3,1".
    on_lane: the station is on a floor cell that other units drive through.
    """

    name: str
    row: int
    col: int
    kind: str | None = None
    facing: str | None = None
    queue: list[list[int]] | str | None = None
    on_lane: bool = False


class ExitTable(msgspec.Struct, forbid_unknown_fields=True):
    """An [[exits]] table: cells that may only be left along these headings."""

    rows: Span
    cols: Span
    heading: Headings


class OneWayTable(msgspec.Struct, forbid_unknown_fields=True):
    """A [[one_way]] table. Its cells are left along the headings only, or, with against, along any
    but the opposite ones: what other tables say of them stays."""

    rows: Span
    cols: Span
    heading: Headings | None = None
    against: Headings | None = None


class CostTable(msgspec.Struct, forbid_unknown_fields=True):
    """An [[edge_costs]] table. cost: in cells. Either heading, or against: the opposite of it."""

    rows: Span
    cols: Span
    cost: float
    heading: Headings | None = None
    against: Headings | None = None


class ZoneTable(msgspec.Struct, forbid_unknown_fields=True):
    """One rectangle of a zone."""

    rows: Span
    cols: Span


class FloorFile(msgspec.Struct, forbid_unknown_fields=True):
    """All keys of a floor file."""

    map: str = ""
    format: int = 1
    name: str | None = None
    description: str = ""
    cell_size_m: float = 1.0
    wall_gap_m: float = 0.0
    recommended_units: int = 0
    legend: dict[str, str | LegendEntry] = {}
    stations: list[StationTable] = []
    one_way: list[OneWayTable] = []
    exits: list[ExitTable] = []
    edge_costs: list[CostTable] = []
    zones: dict[str, list[ZoneTable]] = {}


def parse_tables(text: str, source: str, faults: list[str]) -> FloorFile:
    """The file as far as it can be understood; what is wrong is added to `faults`.

    Raises LayoutError where the text is not TOML at all.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LayoutError(f"{source}: not readable as TOML: {error}") from None
    return FloorFile(**_fields(table, FloorFile, f"{source}: ", "", faults))


def _fields(
    table: dict[str, Any], struct: type[msgspec.Struct], source: str, prefix: str, faults: list[str]
) -> dict[str, Any]:
    """Values of the keys that are known and right."""
    known = {field.name: field for field in msgspec.structs.fields(struct)}
    for key in table:
        if key not in known:
            cure = nearest(key, list(known), "known keys:")
            faults.append(f"{source}unknown key '{prefix}{key}'; {cure}")
    values = {}
    for name, field in known.items():
        if name in table:
            value = _value(table[name], field.type, source, prefix + name, faults)
            if value is not _WRONG:
                values[name] = value
        elif field.required:
            faults.append(f"{source}{prefix[:-1]} lacks the key '{name}'")
    return values


def _value(value: object, kind: Any, source: str, key: str, faults: list[str]) -> Any:
    """The value as that type; lists and tables of structs entry by entry, without wrong ones."""
    inner = get_args(kind)[-1:] or (None,)
    if isinstance(value, dict) and (struct := _struct_of(kind)) is not None:
        n_before = len(faults)
        fields = _fields(value, struct, source, f"{key}.", faults)
        return struct(**fields) if len(faults) == n_before else _WRONG
    if isinstance(value, list) and get_origin(kind) is list and _struct_of(inner[0]) is not None:
        found = [
            _value(entry, inner[0], source, f"{key}[{index}]", faults)
            for index, entry in enumerate(value, start=1)
        ]
        return [entry for entry in found if entry is not _WRONG]
    if isinstance(value, dict) and get_origin(kind) is dict:
        entries = {k: _value(v, inner[0], source, f"{key}.{k}", faults) for k, v in value.items()}
        return {k: entry for k, entry in entries.items() if entry is not _WRONG}
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        faults.append(f"{source}{key}: {_in_words(error, kind, key)}")
        return _WRONG


def _in_words(error: msgspec.ValidationError, kind: Any, key: str) -> str:
    """What msgspec says of a value, in the words of TOML."""
    text = str(error).replace("`object`", "`table`").replace(" | null", "")
    is_tables = get_origin(kind) is list and _struct_of(get_args(kind)[0]) is not None
    cure = f"; write [[{key}]] above each table" if is_tables and "." not in key else ""
    return text[0].lower() + text[1:] + cure


def _struct_of(kind: Any) -> type[msgspec.Struct] | None:
    """The table that a type is or, in a union, may be."""
    for option in (kind, *(get_args(kind) if isinstance(kind, UnionType) else ())):
        if isinstance(option, type) and issubclass(option, msgspec.Struct):
            return option
    return None

"""What crosses the seam as bytes and back: dataclasses of columns, nested, with None in places.

A value is a msgpack list: number of its type, then its fields in order. Types and their fields are
named once in the head of the journal (`schema`), so that code of another version can still read it:
fields that it lacks are dropped, fields that it has beyond get their defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, get_type_hints

import msgspec
import numpy as np

from fleet_control import backend
from fleet_control.journal.columns import Column, pack, unpack
from fleet_control.journal.errors import DamageError, JournalError

SEAM: tuple[type, ...] = (
    backend.Reports, backend.Commands, backend.FleetState, backend.Releases, backend.StationJobs,
    backend.Outlook, backend.Requests, backend.Conditions, backend.Retractions, backend.Arrivals,
    backend.StationNews,
)  # fmt: skip
Schema = list[tuple[str, list[str]]]
_VALUE, _COLUMN, _LIST = 0, 1, 2
"""What a list in the message is: a dataclass, a column, or a plain sequence."""


class Codec:
    """Encodes the given dataclasses; the order of the types is part of the format.

    notes: what of the schema this code does not know or has beyond it, for people.
    """

    def __init__(self, types: Sequence[type] = SEAM, schema: Schema | None = None) -> None:
        self._types = {kind.__name__: kind for kind in types}
        own: Schema = [(kind.__name__, [f.name for f in fields(kind)]) for kind in types]
        self.schema: Schema = own if schema is None else schema
        self._numbers = {kind: number for number, kind in enumerate(types)}
        self._names = {kind: [f.name for f in fields(kind)] for kind in types}
        self._enums = {kind: _enums_of(kind) for kind in types}
        self.notes = list(_differences(dict(own), dict(self.schema))) if schema else []

    def encode(self, value: object) -> bytes:
        """The value as bytes; equal values give equal bytes. Only for the codec's own schema."""
        return msgspec.msgpack.encode(self._plain(value, None))

    def decode(self, data: bytes) -> Any:
        """The value again. Raises DamageError for bytes that `encode` never made."""
        try:
            return self._value(msgspec.msgpack.decode(data), None)
        except (msgspec.DecodeError, IndexError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, JournalError):
                raise
            raise DamageError(f"a record cannot be read: {error}") from None

    def _plain(self, value: Any, before: Column | None) -> Any:
        if isinstance(value, np.ndarray):
            return [_COLUMN, pack(value, before)]
        if is_dataclass(value) and not isinstance(value, type):
            return [_VALUE, *self._fields(value)]
        if isinstance(value, list | tuple):
            return [_LIST, *(self._plain(entry, None) for entry in value)]
        if isinstance(value, Enum):
            return value.value
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return value.item()
        raise JournalError(f"no value of type {type(value).__name__} can be kept")

    def _fields(self, value: object) -> list[Any]:
        number = self._numbers.get(type(value))
        if number is None:
            known = ", ".join(self._types)
            raise JournalError(f"no {type(value).__name__} can be kept; known: {known}")
        plain: list[Any] = [number]
        before: Column | None = None
        for name in self._names[type(value)]:
            entry = getattr(value, name)
            if isinstance(entry, np.ndarray):
                is_as_long = before is not None and len(before) == len(entry)
                plain.append([_COLUMN, pack(entry, before if is_as_long else None)])
                before = entry if _is_whole(entry) else before
            else:
                plain.append(self._plain(entry, None))
        return plain

    def _value(self, plain: Any, before: Column | None) -> Any:
        if not isinstance(plain, list):
            return plain
        if plain[0] == _COLUMN:
            return unpack(plain[1], before)
        if plain[0] == _LIST:
            return tuple(self._value(entry, None) for entry in plain[1:])
        return self._made(plain[1], plain[2:])

    def _made(self, number: int, plain: list[Any]) -> object:
        name, names = self.schema[number]
        kind = self._types.get(name)
        if kind is None:
            raise JournalError(f"the journal holds {name}, which this version does not know")
        values, before = {}, None
        for field_name, entry in zip(names, plain, strict=True):
            value = self._value(entry, before)
            values[field_name] = value
            before = value if _is_whole(value) else before
        for key, enum in self._enums[kind].items():
            values[key] = enum(values[key])
        return kind(**{key: values[key] for key in self._names[kind] if key in values})


def _enums_of(kind: type) -> dict[str, type[Enum]]:
    """Fields that hold a member of an enum, of which only the value is stored."""
    hints = get_type_hints(kind)
    return {
        key: hint
        for key, hint in hints.items()
        if isinstance(hint, type) and issubclass(hint, Enum)
    }


def _is_whole(value: object) -> bool:
    """Whether the column behind it may be stored as differences to it."""
    return isinstance(value, np.ndarray) and len(value) > 0 and value.dtype == np.int32


def _differences(own: dict[str, list[str]], other: dict[str, list[str]]) -> list[str]:
    types = [f"{name} is not known here" for name in other if name not in own]
    for name, names in other.items():
        here = own.get(name, names)
        types += [f"{name}.{key} is not known here" for key in names if key not in here]
        types += [f"{name}.{key} was not known then" for key in here if key not in names]
    return types

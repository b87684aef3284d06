"""TOML files in and out of typed data, with messages for people.

msgspec checks every value against the type of its field. It stops at the first fault, so tables are
walked here key by key: all faults of a file come together, each with its place, and an unknown key
names the nearest known one. A table may be a msgspec Struct or a dataclass; keys that it leaves out
keep the value of the default that it stands for, so `[unit.laden]` with one key changes that key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
import tomli_w

from layouts import GridfleetError

T = TypeVar("T")
NO_DEFAULT = object()
_WRONG = object()
_WORDS = {
    "float": "a number",
    "int": "a whole number",
    "str": "text in quotes",
    "bool": "true or false",
    "object": "a table",
    "array": "a list",
}


def read_file(path: Path, kind: type[T], error: type[GridfleetError]) -> T:
    """The file as that Struct or dataclass; raises `error` with all faults, a line each."""
    return parse(_read_text(path, error), kind, str(path), error)


def read_table(path: Path, error: type[GridfleetError]) -> dict[str, Any]:
    """The file as plain TOML, for whoever looks at its tables one by one (`fill_table`)."""
    return _loads(_read_text(path, error), str(path), error)


def fill_table(table: dict[str, Any], kind: type[T], key: str, faults: list[str]) -> T | None:
    """One table as that Struct or dataclass. `key` begins the names of its keys in messages; None,
    and messages added to `faults`, where it is none."""
    value = _fill(table, kind, NO_DEFAULT, key, faults, set())
    return value if isinstance(value, kind) else None


def checked_value(value: object, kind: Any, key: str, faults: list[str]) -> object:
    """The value as a field of that type, which is no table, has it. Where it is none, a message is
    added to `faults`, and what is returned means nothing."""
    return _value(value, kind, NO_DEFAULT, key, faults, set())


def leaf_types(kind: Any, prefix: str = "") -> dict[str, Any]:
    """Type of every key that a file may have and that is no table, by its dotted name."""
    found = {}
    for name, field_kind in _types(kind).items():
        table, _ = _table_of(field_kind)
        own = leaf_types(table, f"{prefix}{name}.") if _is_table(table) else {}
        found.update(own or {prefix + name: field_kind})
    return found


def _read_text(path: Path, error: type[GridfleetError]) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as fault:
        raise error(f"{path}: cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError as fault:
        raise error(f"{path}: not UTF-8 text, at byte {fault.start + 1}") from None


def _loads(text: str, source: str, error: type[GridfleetError]) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise error(f"{source}: not readable as TOML: {fault}") from None


def parse(text: str, kind: type[T], source: str, error: type[GridfleetError]) -> T:
    """The same for text; `source` begins every message."""
    return parse_table(_loads(text, source, error), kind, source, error)


def parse_table(
    table: dict[str, Any], kind: type[T], source: str, error: type[GridfleetError]
) -> T:
    """The same for what `read_table` gives."""
    faults: list[str] = []
    value = _fill(table, kind, NO_DEFAULT, "", faults, set(_dotted(kind)))
    if faults:
        raise error(
            "\n".join(f"{source}: {line}" for fault in faults for line in fault.split("\n"))
        )
    assert isinstance(value, kind)
    return value


def to_toml(value: object) -> str:
    """TOML text that `parse` reads back as an equal value; None, which TOML lacks, is left out."""
    return tomli_w.dumps(_without_none(msgspec.to_builtins(value)))


def suggest(name: str, known: Iterable[str], most: int | None = None) -> str:
    """The cure of an unknown name: the nearest known one, or all of them, `most` at the most."""
    names = [str(one) for one in known]
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    if most is None or len(names) <= most:
        return f"known: {', '.join(names)}"
    return f"known: {', '.join(names[:most])}, ..."


def unknown_key(
    name: str, beside: Iterable[str], known: Iterable[str] = (), prefix: str = "",
    most: int | None = None,
) -> str:  # fmt: skip
    """That the key is unknown, and the nearest: a near spelling beside it, or the same word in
    another table. known: all dotted keys. most: of those beside it that are listed otherwise."""
    names = list(beside)
    near = [prefix + other for other in get_close_matches(name, names, n=1, cutoff=0.75)]
    moved = sorted(other for other in known if other.rpartition(".")[2] == name)
    for other in (*near, *moved):
        return f"unknown key {prefix + name!r}; did you mean {other!r}?"
    return f"unknown key {prefix + name!r}; {suggest(name, names, most)}"


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(entry) for key, entry in value.items() if entry is not None}
    return value


def _fill(
    table: dict[str, Any], kind: Any, default: object, key: str, faults: list[str], known: set[str]
) -> object:
    """A `kind` of the table's values, over `default` where there is one."""
    prefix, n_before = f"{key}." if key else "", len(faults)
    types, defaults = _types(kind), _defaults(kind)
    faults += [unknown_key(name, types, known, prefix) for name in table if name not in types]
    values = {}
    for name, field_kind in types.items():
        own = defaults[name] if default is NO_DEFAULT else getattr(default, name)
        if name in table:
            values[name] = _value(table[name], field_kind, own, prefix + name, faults, known)
        elif own is NO_DEFAULT:
            faults.append(f"the key {prefix + name!r} is missing")
        else:
            values[name] = own
    return _WRONG if len(faults) > n_before else _make(kind, values, key, faults)


def _make(kind: Any, values: dict[str, Any], key: str, faults: list[str]) -> object:
    """What the type itself checks when it is made is a fault of the file like any other."""
    try:
        return kind(**values)
    except (GridfleetError, ValueError) as error:
        faults += [f"{key}: {line}" if key else line for line in str(error).split("\n")]
        return _WRONG


def _value(
    value: object, kind: Any, default: object, key: str, faults: list[str], known: set[str]
) -> object:
    kind, may_miss = _table_of(kind)
    if _is_table(kind):
        if isinstance(value, dict):
            # A table that may be missing has no values of its own to keep.
            own = NO_DEFAULT if may_miss and default is None else default
            return _fill(value, kind, own, key, faults, known)
        faults.append(f"{key} is {value!r}; it is a table: write [{key}] and its keys below")
        return _WRONG
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        faults.append(f"{key} is {value!r}; {_in_words(str(error))}")
        return _WRONG


def _in_words(fault: str) -> str:
    """What msgspec says of a value, in the words of TOML."""
    for name, word in _WORDS.items():
        fault = fault.replace(f"`{name} | null`", word).replace(f"`{name}`", word)
    return fault[0].lower() + fault[1:]


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and (issubclass(kind, msgspec.Struct) or is_dataclass(kind))


def _table_of(kind: Any) -> tuple[Any, bool]:
    """The table of a type like `Table | None`, and whether it is one; else the type as it is."""
    parts = [part for part in get_args(kind) if part is not type(None)]
    if len(parts) == 1 and len(get_args(kind)) == 2 and _is_table(parts[0]):
        return parts[0], True
    return kind, False


def _types(kind: Any) -> dict[str, Any]:
    """Name and type of every field."""
    hints = get_type_hints(kind)
    return {name: hints[name] for name in _defaults(kind)}


def _defaults(kind: Any) -> dict[str, Any]:
    """Name and default of every field; NO_DEFAULT where a file has to give it."""
    if issubclass(kind, msgspec.Struct):
        infos = msgspec.structs.fields(kind)
        return {f.name: _default(f.default, f.default_factory, msgspec.NODEFAULT) for f in infos}
    return {f.name: _default(f.default, f.default_factory, MISSING) for f in fields(kind)}


def _default(default: object, factory: Any, absent: object) -> object:
    if default is not absent:
        return default
    return NO_DEFAULT if factory is absent else factory()


def _dotted(kind: Any, prefix: str = "") -> Iterator[str]:
    """Every key that a file may have, with the tables that it is in."""
    for name, field_kind in _types(kind).items():
        yield prefix + name
        table, _ = _table_of(field_kind)
        if _is_table(table):
            yield from _dotted(table, f"{prefix}{name}.")

"""Rules switched off one by one: the same functions with one line changed, in plain Python."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from types import ModuleType

import numpy as np


def mutant_kernel(
    module: ModuleType, entry: str, old: str, new: str, within: str | None = None
) -> Callable:
    """The kernel `entry` of the module with a piece of its text, or of the text of the kernel
    `within` that it calls, replaced; as plain Python."""
    namespace = dict(vars(module))
    for key, value in vars(module).items():
        if hasattr(value, "py_func"):
            namespace[key] = value.py_func
    changes = {entry: ("", ""), within or entry: (old, new)}
    for name, change in changes.items():
        source = textwrap.dedent(inspect.getsource(getattr(module, name).py_func))
        _define(name, source.replace("@kernel\n", ""), *change, namespace)
    changed = namespace[entry]

    def call(*args: object) -> object:
        return changed(*(_with_names(arg) for arg in args))

    return call


def mutant_of(function: Callable, old: str, new: str) -> Callable:
    """A function of plain Python with a piece of its text replaced."""
    namespace = dict(function.__globals__)
    source = textwrap.dedent(inspect.getsource(function))
    _define(function.__name__, source, old, new, namespace)
    return namespace[function.__name__]


def _define(name: str, source: str, old: str, new: str, namespace: dict) -> None:
    if old:
        assert source.count(old) == 1, f"{name} has {source.count(old)} times {old!r}"
        source = source.replace(old, new)
    exec(source, namespace)


class _Record:
    """A record whose fields are attributes, as compiled code sees it."""

    def __init__(self, record: np.void) -> None:
        object.__setattr__(self, "record", record)

    def __getattr__(self, name: str) -> object:
        return self.record[name]

    def __setattr__(self, name: str, value: object) -> None:
        self.record[name] = value


class _Records:
    def __init__(self, records: np.ndarray) -> None:
        self.records, self.size = records, len(records)

    def __getitem__(self, row: int) -> _Record:
        return _Record(self.records[row])

    def __setitem__(self, row: int, record: _Record) -> None:
        self.records[row] = record.record


def _with_names(argument: object) -> object:
    if isinstance(argument, np.ndarray) and argument.dtype.names:
        return _Records(argument)
    return argument

"""Objects as bytes and back, without what a scenario builds anew and without the power to do harm.

What is built from the scenario (floor, grid, orders, event log) is not in a snapshot: it goes in by
name and comes out as the object that the reader has under that name. A snapshot comes from a file,
so the reader makes nothing but data of this project, plain containers and numpy arrays: a pickle
that names any other function or class is refused before it can run.
"""

from __future__ import annotations

import importlib
import io
import pickle
from collections.abc import Mapping
from types import FunctionType, MethodType
from typing import Any

from fleet_control.journal.errors import DamageError, JournalError

OWN = ("fleet_control.", "twin.", "gridfleet.", "layouts.")
"""Packages whose data classes a snapshot may hold."""
NOT_OWN = ("fleet_control.journal.", "gridfleet.cli.")
"""But not these: they open files."""
RULES = frozenset({"fleet_control.work.rules", "fleet_control.allocation"})
"""Modules of pure functions that state may refer to."""
LIBRARY = {
    "builtins": {"set", "frozenset", "bytearray", "complex", "slice", "range"},
    "collections": {"OrderedDict", "deque", "defaultdict"},
    "numpy": {"ndarray", "dtype"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "numpy.random._generator": {"Generator"},
    "numpy.random._pcg64": {"PCG64"},
    "numpy.random._pickle": {"__bit_generator_ctor", "__generator_ctor"},
    "numpy.random.bit_generator": {"SeedSequence", "__pyx_unpickle_SeedSequence"},
}


def method_of(owner: object, name: str) -> Any:
    """A bound method again. Raises DamageError for what is no plain method of the owner."""
    if name.startswith("__") or not isinstance(getattr(type(owner), name, None), FunctionType):
        raise DamageError(f"{type(owner).__name__} has no method {name!r}")
    return getattr(owner, name)


def fixed_object(name: str) -> Any:
    """Stands in a snapshot for what the reader has; the reader puts its own in place."""
    raise DamageError(f"{name!r} is known to readers of snapshots only")


class _Writer(pickle.Pickler):
    """Asks only of instances whether they are fixed: pickle's own `persistent_id` would be asked of
    every number in every list, which takes longer than all the rest."""

    def __init__(self, file: io.BytesIO, fixed: Mapping[str, object]) -> None:
        super().__init__(file, protocol=5)
        self._names = {id(value): name for name, value in fixed.items()}

    def reducer_override(self, obj: Any) -> Any:
        name = self._names.get(id(obj))
        if name is not None:
            return fixed_object, (name,)
        if isinstance(obj, MethodType):
            return method_of, (obj.__self__, obj.__name__)
        return NotImplemented


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, fixed: Mapping[str, object]) -> None:
        super().__init__(file)
        self._fixed = fixed

    def _fixed_object(self, name: str) -> Any:
        if name not in self._fixed:
            raise DamageError(f"the snapshot needs {name!r}, which this run does not have")
        return self._fixed[name]

    def find_class(self, module_name: str, global_name: str) -> Any:
        if module_name == __name__:
            return {"method_of": method_of, "fixed_object": self._fixed_object}.get(global_name)
        if global_name in LIBRARY.get(module_name, ()):
            return getattr(importlib.import_module(module_name), global_name)
        found = _own(module_name, global_name)
        if found is None:
            raise DamageError(f"the snapshot names {module_name}.{global_name}, which is no data")
        return found


def _own(module_name: str, name: str) -> Any:
    """The class, or rule, that the module itself defines; None for everything else."""
    is_own = module_name.startswith(OWN) and not module_name.startswith(NOT_OWN)
    if not is_own or "." in name:
        return None
    try:
        found = getattr(importlib.import_module(module_name), name, None)
    except ImportError:
        return None
    is_right = isinstance(found, type) or (module_name in RULES and isinstance(found, FunctionType))
    return found if is_right and getattr(found, "__module__", "") == module_name else None


def dumps(value: object, fixed: Mapping[str, object]) -> bytes:
    """The value as bytes. fixed: name -> object that is left out because a reader has it too; an
    instance of a class, no plain container."""
    file = io.BytesIO()
    try:
        _Writer(file, fixed).dump(value)
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        raise JournalError(f"the state cannot be kept in a snapshot: {error}") from error
    return file.getvalue()


def loads(data: bytes, fixed: Mapping[str, object]) -> Any:
    """The value again, with the reader's own fixed objects. Raises DamageError for bytes that
    `dumps` of this version never made."""
    try:
        return _Reader(io.BytesIO(data), fixed).load()
    except JournalError:
        raise
    except Exception as error:  # a pickle can fail in any way
        kind = type(error).__name__
        raise DamageError(f"the snapshot cannot be read: {kind}: {error}") from None

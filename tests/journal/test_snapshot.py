"""Snapshots bring state back as it was, leave out what is fixed, and can do no harm."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict, deque
from typing import Any

import numpy as np
import pytest

from fleet_control.events import EventLog
from fleet_control.journal import DamageError, JournalError
from fleet_control.journal.snapshot import dumps, loads
from fleet_control.work import rules
from fleet_control.work.errands import ErrandStream
from fleet_control.work.valve import Valve


def test_state_comes_back_with_its_ties() -> None:
    log = EventLog()
    goals = np.arange(12, dtype=np.int32)
    stream = ErrandStream(goals, np.array([0, 1], dtype=np.int32), goals[:2], 3, log)
    valve = Valve(stream, 2)
    other = EventLog()
    found_stream, found_valve = loads(dumps((stream, valve), {"log": log}), {"log": other})
    assert found_valve.begin.__self__ is found_stream
    assert found_valve._work is found_stream
    assert found_stream._log is other
    draws = [[stream._streams[0].next_goal(-1) for _ in range(200)] for _ in (0,)]
    assert [found_stream._streams[0].next_goal(-1) for _ in range(200)] == draws[0]


def test_containers_and_rules_come_back() -> None:
    value = (OrderedDict([((1, 2), 3)]), deque([1]), {4, 5}, rules.most_lines, None, 2.5, "x")
    assert loads(dumps(value, {}), {}) == value


@pytest.mark.parametrize("is_writable", [True, False])
def test_arrays_keep_what_kernels_are_compiled_for(is_writable: bool) -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    array.setflags(write=is_writable)
    found = loads(dumps(array, {}), {})
    assert np.array_equal(found, array)
    assert (found.flags.writeable, found.flags.c_contiguous) == (is_writable, True)


def test_a_fixed_object_must_be_there() -> None:
    log = EventLog()
    with pytest.raises(DamageError, match="needs 'log', which this run does not have"):
        loads(dumps([log], {"log": log}), {})


def test_what_cannot_be_kept_is_said() -> None:
    with pytest.raises(JournalError, match="cannot be kept in a snapshot"):
        dumps(lambda: 1, {})


class Harm:
    def __init__(self, function: Any, *arguments: object) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


def refused(data: bytes) -> bool:
    with pytest.raises(DamageError):
        loads(data, {})
    return True


def test_no_foreign_function_is_run(tmp_path: Any) -> None:
    import os
    import subprocess

    from gridfleet.run_folder import write_text

    mark = tmp_path / "harm"
    for function, arguments in (
        (os.system, (f"touch {mark}",)),
        (eval, (f"open({str(mark)!r}, 'w')",)),
        (exec, (f"open({str(mark)!r}, 'w')",)),
        (open, (str(mark), "w")),
        (getattr, (tmp_path, "mkdir")),
        (subprocess.Popen, (["touch", str(mark)],)),
        (write_text, (tmp_path, "harm", "")),
        (np.save, (str(mark), 1)),
        (np.fromfile, (str(mark),)),
    ):
        assert refused(pickle.dumps(Harm(function, *arguments)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("gridfleet.run_folder", "os.system"),
        ("gridfleet.run_folder", "os"),
        ("gridfleet.run_folder", "shutil.rmtree"),
        ("fleet_control.journal.store", "Journal"),
        ("fleet_control.journal.lock", "JournalLock"),
        ("fleet_control.work.rules", "np"),
        ("fleet_control.controller", "dataclass"),
        ("gridfleet.nowhere", "Thing"),
        ("numpy", "load"),
        ("builtins", "getattr"),
    ],
)
def test_nothing_but_data_is_named(module: str, name: str) -> None:
    file = io.BytesIO()
    file.write(b"\x80\x04")
    for word in (module, name):
        file.write(b"\x8c" + bytes([len(word)]) + word.encode())
    file.write(b"\x93.")
    assert refused(file.getvalue())


@pytest.mark.parametrize("name", ["__class__", "__reduce__", "_log", "nothing"])
def test_only_methods_are_bound(name: str) -> None:
    from fleet_control.journal.snapshot import method_of

    with pytest.raises(DamageError, match="has no method"):
        method_of(EventLog(), name)


def test_broken_bytes_are_damage() -> None:
    rng = np.random.default_rng(5)
    data = dumps([np.arange(9), {1: "a"}, deque([2])], {})
    for trial in range(200):
        broken = bytearray(data[: rng.integers(1, len(data))])
        broken[rng.integers(len(broken))] ^= int(rng.integers(1, 256))
        try:
            loads(bytes(broken), {})
        except DamageError:
            continue
        except Exception as error:
            raise AssertionError(f"trial {trial}") from error

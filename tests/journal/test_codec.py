"""What crosses the seam comes back from bytes as it was, small, and readable by other versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from fleet_control import backend
from fleet_control.backend import Commands, FleetState, Reports, no_station_jobs
from fleet_control.journal import Codec, DamageError, JournalError
from fleet_control.journal.codec import SEAM
from fleet_control.operations import Operation, OperationKind
from gridfleet.journal_head import TYPES

CODEC = Codec(TYPES)
Draw = Callable[[np.random.Generator, int], Any]


def same(one: Any, other: Any) -> bool:
    """Equal in type, dtype and every value; not by the codec's own bytes."""
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and other.flags.writeable
            and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        )
    if is_dataclass(one):
        names = [field.name for field in fields(one)]
        return type(one) is type(other) and all(
            same(getattr(one, name), getattr(other, name)) for name in names
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def ints(rng: np.random.Generator, n: int) -> Any:
    """int32 columns of all the kinds there are: close together, ascending, wild, extreme."""
    kind = rng.integers(5)
    if kind == 0:
        return np.sort(rng.integers(0, 3 * n + 1, n)).astype(np.int32)
    if kind == 1:
        return (rng.integers(-(2**31), 2**31 - 300) + rng.integers(0, 256, n)).astype(np.int32)
    if kind == 2:
        return rng.integers(-(2**31), 2**31, n).astype(np.int32)
    if kind == 3:
        return rng.integers(-1, 40_000, n).astype(np.int32)
    return np.full(n, rng.choice([-(2**31), 2**31 - 1, -1, 0]), dtype=np.int32)


DRAWS: dict[str, Draw] = {
    "Ints": ints,
    "Codes": lambda rng, n: rng.integers(-128, 128, n).astype(np.int8),
    "NDArray[np.float64]": lambda rng, n: rng.normal(0, 1e6, n),
    "NDArray[np.float32] | None": lambda rng, n: (
        rng.choice(np.array([0.3, np.inf], dtype=np.float32), n) if rng.random() < 0.7 else None
    ),
    "Ints | None": lambda rng, n: None if rng.random() < 0.5 else ints(rng, n),
    "float": lambda rng, n: float(rng.normal(0, 1e5)),
}  # fmt: skip


def made_up(kind: type, rng: np.random.Generator) -> Any:
    n = int(rng.choice([0, 1, 2, 40, 300]))
    values = {}
    for field in fields(kind):
        text = str(field.type)
        nested = getattr(backend, text, None)
        values[field.name] = (
            made_up(nested, rng) if is_dataclass(nested) else DRAWS[text](rng, n)
        )  # fmt: skip
    return kind(**values)


@pytest.mark.parametrize("kind", SEAM, ids=lambda kind: kind.__name__)
def test_a_round_trip_changes_nothing(kind: type) -> None:
    for seed in range(60):
        value = made_up(kind, np.random.default_rng(seed))
        data = CODEC.encode(value)
        assert same(value, CODEC.decode(data)), f"seed {seed}"
        assert CODEC.encode(CODEC.decode(data)) == data, f"seed {seed}"


def test_operations_keep_their_kind() -> None:
    operations = (
        Operation(OperationKind.PAUSE, unit=3),
        Operation(OperationKind.CLOSE_AREA, name="Tor 7", cells=(5, 6, 7), speed_m_s=0.3),
    )
    found = CODEC.decode(CODEC.encode([made_up(Reports, np.random.default_rng(0)), operations]))
    assert found[1] == operations
    assert isinstance(found[1][0].kind, OperationKind)


def test_every_type_of_the_seam_can_be_kept() -> None:
    crossing = {
        value for value in vars(backend).values()
        if isinstance(value, type) and is_dataclass(value)
    }  # fmt: skip
    assert crossing == set(SEAM)


def test_a_usual_cycle_is_small() -> None:
    units = np.arange(0, 400, 3, dtype=np.int32)
    done = np.arange(30_000, 30_000 + 2 * len(units), 2, dtype=np.int32)
    none = backend.empty_ints()
    reports = Reports(
        1.0, units, done, done - 1, np.zeros(len(units), dtype=np.int8), none, none, none,
        np.empty(0),
    )  # fmt: skip
    assert len(CODEC.encode(reports)) < 5 * len(units) + 120


@pytest.mark.parametrize(
    "value",
    [object(), {"a": 1}, np.zeros((2, 2), dtype=np.int32), np.array(["a"]), no_station_jobs],
)
def test_what_cannot_be_kept_is_refused(value: object) -> None:
    with pytest.raises(JournalError, match="can be kept"):
        CODEC.encode(value)


def test_a_type_that_nobody_named_is_refused() -> None:
    with pytest.raises(JournalError, match="no Operation can be kept; known: Reports"):
        Codec().encode(Operation(OperationKind.DRAIN))


def test_broken_bytes_are_damage_and_nothing_else() -> None:
    rng = np.random.default_rng(7)
    data = CODEC.encode(made_up(Commands, np.random.default_rng(3)))
    for trial in range(400):
        broken = bytearray(data[: rng.integers(1, len(data) + 1)])
        broken[rng.integers(len(broken))] ^= int(rng.integers(1, 256))
        try:
            CODEC.decode(bytes(broken))
        except DamageError:
            continue
        except Exception as error:
            raise AssertionError(f"trial {trial}") from error


@dataclass(frozen=True, slots=True)
class Older:
    """Stands for a type of another version."""

    a: int
    gone: int = 7


@dataclass(frozen=True, slots=True)
class Newer:
    a: int
    fresh: int = 5


def test_a_journal_of_another_version_is_read_by_name() -> None:
    older = Codec([Older])
    newer_name = replace_name(older.schema, "Newer")
    reader = Codec([Newer], newer_name)
    assert reader.decode(older.encode(Older(3, 4))) == Newer(3, 5)
    assert reader.notes == ["Newer.gone is not known here", "Newer.fresh was not known then"]


def replace_name(schema: Any, name: str) -> Any:
    return [(name, names) for _, names in schema]


def test_a_type_that_is_gone_is_said() -> None:
    reader = Codec([Newer], Codec([Older]).schema)
    assert "Older is not known here" in reader.notes
    with pytest.raises(JournalError, match="holds Older, which this version does not know"):
        reader.decode(Codec([Older]).encode(Older(1)))


def test_fleet_states_with_and_without_steps() -> None:
    state = made_up(FleetState, np.random.default_rng(1))
    assert CODEC.decode(CODEC.encode(replace(state, done=None))).done is None

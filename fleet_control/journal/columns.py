"""One numpy column as a few bytes and back.

Columns of a control cycle are short, and their numbers lie close together: unit numbers ascend,
`cleared` follows `done`, cells of one unit are neighbours. So a column of integers is stored as the
narrowest of three: its values less their least; the steps from row to row; the differences to the
column before it. What is left mostly fits a byte.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.journal.errors import DamageError, JournalError

DTYPES = ("i4", "i1", "f8", "b1", "i8", "f4", "i2", "u1", "u2", "u4", "u8")
"""Kinds of columns; the index is stored, so new ones are added at the end."""
_CODES = {np.dtype(name): code for code, name in enumerate(DTYPES)}
_PACKED = frozenset(np.dtype(name) for name in ("i4", "i2", "i8"))
RAW, LESS_LEAST, STEPS, DIFFERENCES = range(4)
_NARROW = tuple(np.dtype(name) for name in ("u1", "<u2", "<u4"))
_LIMITS = (1 << 8, 1 << 16, 1 << 32)
Column = NDArray[Any]


def pack(column: Column, before: Column | None) -> int | list[Any]:
    """What msgpack can hold: the code of the dtype alone for an empty column, or [code, form,
    least, bytes]. form: RAW, or way and bytes of a number as 3 * size + way. before: the column in
    front of it if it has the same length, or None."""
    code = _CODES.get(column.dtype)
    if code is None or column.ndim != 1:
        raise JournalError(f"no column of {column.dtype} with {column.ndim} dimensions can be kept")
    if not len(column):
        return code
    if column.dtype in _PACKED and (form := _narrowest(column.astype(np.int64), before)):
        return [code, *form]
    return [code, RAW, 0, column.tobytes()]


def _narrowest(column: NDArray[np.int64], before: Column | None) -> tuple[int, int, bytes] | None:
    """Form, least number and bytes of the way that takes the fewest; of equals the first. None
    where no way helps."""
    best: tuple[int, int, int, NDArray[np.int64]] | None = None
    for way in (LESS_LEAST, STEPS) if before is None else (LESS_LEAST, STEPS, DIFFERENCES):
        numbers = _numbers(column, before, way)
        least = int(numbers.min())
        spread = int(numbers.max()) - least
        rank = 0 if spread < _LIMITS[0] else 1 if spread < _LIMITS[1] else 2
        if spread < _LIMITS[2] and (best is None or rank < best[0]):
            best = rank, way, least, numbers
            if rank == 0:
                break
    if best is None:
        return None
    rank, way, least, numbers = best
    narrow = _NARROW[rank]
    return 3 * narrow.itemsize + way, least, (numbers - least).astype(narrow).tobytes()


def _numbers(column: NDArray[np.int64], before: Column | None, way: int) -> NDArray[np.int64]:
    if way == LESS_LEAST:
        return column
    if way == DIFFERENCES:
        assert before is not None
        return column - before
    steps = column.copy()
    steps[1:] -= column[:-1]
    return steps


def unpack(packed: Any, before: Column | None) -> Column:
    """The column again, its own and writable. Raises DamageError for what `pack` never made."""
    try:
        if isinstance(packed, int):
            return np.empty(0, dtype=DTYPES[packed])
        return _unpacked(packed[0], packed[1], packed[2], packed[3], before)
    except (AssertionError, IndexError, OverflowError, TypeError, ValueError) as error:
        raise DamageError(f"a column cannot be read: {error}") from None


def _unpacked(code: int, form: int, least: int, data: bytes, before: Column | None) -> Column:
    dtype = np.dtype(DTYPES[code])
    if form == RAW:
        return np.frombuffer(data, dtype=dtype).copy()
    size, way = (form - 1) // 3, (form - 1) % 3 + 1
    numbers = np.frombuffer(data, dtype=_NARROW[size.bit_length() - 1]).astype(np.int64) + least
    return _column(numbers, before, way).astype(dtype)


def _column(numbers: NDArray[np.int64], before: Column | None, way: int) -> NDArray[np.int64]:
    if way == STEPS:
        return np.cumsum(numbers)
    if way == DIFFERENCES:
        assert before is not None
        return numbers + before
    return numbers

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
    if column.dtype not in _PACKED:
        return [code, RAW, 0, np.ascontiguousarray(column).tobytes()]
    way, least, narrow = _narrowest(column.astype(np.int64), before)
    if narrow is None:
        return [code, RAW, 0, np.ascontiguousarray(column).tobytes()]
    return [code, 3 * narrow.itemsize + way, least, way_bytes(column, before, way, least, narrow)]


def way_bytes(
    column: Column, before: Column | None, way: int, least: int, narrow: np.dtype[Any]
) -> bytes:
    """The column's numbers in that way, less the least of them."""
    numbers = _numbers(column.astype(np.int64), before, way)
    return (numbers - least).astype(narrow).tobytes()


def _narrowest(
    column: NDArray[np.int64], before: Column | None
) -> tuple[int, int, np.dtype[Any] | None]:
    """Way, least number and dtype that take the fewest bytes; of equals the first."""
    best: tuple[int, int, int] | None = None
    for way in (LESS_LEAST, STEPS, DIFFERENCES):
        if way == DIFFERENCES and before is None:
            continue
        numbers = _numbers(column, before, way)
        least, most = int(numbers.min()), int(numbers.max())
        size = next((rank for rank, limit in enumerate(_LIMITS) if most - least < limit), None)
        if size is not None and (best is None or size < best[0]):
            best = size, way, least
            if size == 0:
                break
    return (RAW, 0, None) if best is None else (best[1], best[2], _NARROW[best[0]])


def _numbers(column: NDArray[np.int64], before: Column | None, way: int) -> NDArray[np.int64]:
    if way == STEPS:
        return np.diff(column, prepend=0)
    if way == DIFFERENCES:
        assert before is not None
        return column - before
    return column


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

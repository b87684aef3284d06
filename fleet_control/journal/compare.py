"""The first thing in which two values of the seam differ, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Place = Callable[[int], str]


def first_difference(kept: Any, made: Any, place: Place | None = None) -> str:
    """Where the journalled value and the recomputed one differ first; "" where they do not.

    place: how people name a cell."""
    if is_dataclass(kept) and type(kept) is type(made):
        return _of_fields(kept, made, place)
    if isinstance(kept, list | tuple) and isinstance(made, list | tuple):
        return _of_lists(kept, made, place)
    return "" if _is_same(kept, made) else f": {_say(kept)} journalled, {_say(made)} recomputed"


def first_row(before: Sequence[NDArray[Any]], after: Sequence[NDArray[Any]]) -> int:
    """The first row in which two tables of the same columns differ; where one is the beginning of
    the other, the row behind its last."""
    return min(
        int(different[0]) if len(different) else length
        for a, b in zip(before, after, strict=True)
        for length in [min(len(a), len(b))]
        for different in [np.flatnonzero(a[:length] != b[:length])]
    )


def clock(time_s: float) -> str:
    """Seconds as h:mm:ss.s, to tell moments of one second apart."""
    tenths = round(time_s * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02d}:{tenths % 600 / 10:04.1f}"


def _of_fields(kept: Any, made: Any, place: Place | None) -> str:
    names = [field.name for field in fields(kept)]
    columns = [name for name in names if isinstance(getattr(kept, name), np.ndarray)]
    if columns and all(_is_same(getattr(kept, n), getattr(made, n)) for n in columns):
        columns = []
    tables = _tables(kept, columns)
    for name in names:
        table = next((table for table in tables if table[0] == name), None)
        if table is not None:
            found = _of_table(kept, made, table, place)
        elif name in columns:
            continue  # told with the first column of its length
        else:
            found = first_difference(getattr(kept, name), getattr(made, name), place)
            gap = "" if found.startswith((":", ",")) else " "
            found = found and f"{name}{gap}{found}"
        if found:
            return found
    return ""


def _tables(kept: Any, columns: list[str]) -> list[list[str]]:
    """Columns next to each other that have one length are one table."""
    tables: list[list[str]] = []
    for name in columns:
        length = len(getattr(kept, name))
        if tables and len(getattr(kept, tables[-1][0])) == length:
            tables[-1].append(name)
        else:
            tables.append([name])
    return tables


def _of_table(kept: Any, made: Any, names: list[str], place: Place | None) -> str:
    before = [getattr(kept, name) for name in names]
    after = [getattr(made, name) for name in names]
    if all(_is_same(*pair) for pair in zip(before, after, strict=True)):
        return ""
    if any(not isinstance(column, np.ndarray) for column in after):
        return f", {names[0]}: not in both"
    row = first_row(before, after)
    texts = [_row(names, columns, row, place) for columns in (before, after)]
    return f", row {row + 1}: {texts[0]} journalled, {texts[1]} recomputed"


def _row(names: list[str], columns: list[Any], row: int, place: Place | None) -> str:
    if row >= len(columns[0]):
        return "nothing"
    words = []
    for name, column in zip(names, columns, strict=True):
        value = column[row].item()
        is_cell = place is not None and name == "cells" and value >= 0
        where = f" ({place(value)})" if is_cell and place is not None else ""
        words.append(f"{_singular(name)} {value:g}{where}" if value is not None else name)
    return ", ".join(words)


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if name.endswith("s") and not name.endswith("_s") else name


def _of_lists(kept: Any, made: Any, place: Place | None) -> str:
    for index, (a, b) in enumerate(zip(kept, made, strict=False)):
        if found := first_difference(a, b, place):
            return f"entry {index + 1} {found}" if not found.startswith(":") else f"entry{found}"
    if len(kept) != len(made):
        return f": {len(kept)} entries journalled, {len(made)} recomputed"
    return ""


def _is_same(kept: Any, made: Any) -> bool:
    if isinstance(kept, np.ndarray) and isinstance(made, np.ndarray):
        return kept.dtype == made.dtype and kept.shape == made.shape and bool((kept == made).all())
    return type(kept) is type(made) and bool(kept == made)


def _say(value: Any) -> str:
    return repr(value) if isinstance(value, int | float | str) else type(value).__name__

"""Order files as columns: CSV or Parquet read as text by duckdb, then parsed with care.

Everything is read as text first, so that a fault can be shown as it stands in the file, with its
row: row 1 is the header of a CSV file, and the first record of a Parquet file; blank lines do not
count.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from gridfleet.demand.csv_files import open_csv, refuse_misfits
from gridfleet.demand.errors import DemandError
from gridfleet.demand.presets import OrderColumns
from gridfleet.demand.table_files import check_file, readable

_REQUIRED = ("order_id", "placed_at", "sku", "quantity")
_TIMES = ("placed_at", "due_at")
_NUMBERS = ("quantity", "unit_price")


@dataclass(frozen=True, slots=True, eq=False)
class OrderTable:
    """The lines of an order file, in the order of the file.

    source: name of the file. columns: what its columns are called. rows: int64[k]. texts: by field
    of OrderColumns, object[k] of str without blanks around, "" where nothing is written; fields
    whose column the file has not are left out. values: by field, float64[k]: times in seconds since
    1970 and numbers, nan where the text is not one.
    """

    source: str
    columns: OrderColumns
    rows: NDArray[np.int64]
    texts: dict[str, NDArray[np.object_]]
    values: dict[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, row: int, name: str) -> str:
        """How a message names a field of a line."""
        return f"{self.source}, row {self.rows[row]}, column {getattr(self.columns, name)}"


def read_table(path: Path, columns: OrderColumns, *, has_prices: bool) -> OrderTable:
    """The file's lines, parsed but not judged.

    Raises DemandError for a file that is missing, empty, of no known kind, unreadable, or without a
    column that is needed (`has_prices`: unit_price among them).
    """
    check_file(path, "order file")
    with readable(path):
        return _read(path, columns, has_prices)


def _read(path: Path, columns: OrderColumns, has_prices: bool) -> OrderTable:
    # One thread: files are small, and the order of rows must be that of the file.
    with duckdb.connect(config={"threads": 1}) as connection:
        is_csv = path.suffix.lower() == ".csv"
        lines = open_csv(connection, path) if is_csv else connection.read_parquet(str(path))
        present = _match_columns(path, columns, lines.columns, has_prices)
        query = f"select {', '.join(_expressions(columns, present, 2 if is_csv else 1))} from lines"
        found: dict[str, NDArray[Any]] = lines.query("lines", query).fetchnumpy()
        if is_csv:
            refuse_misfits(connection, path, len(lines.columns))
    if not len(found["row"]):
        raise DemandError(f"order file {path} has a header but no lines")
    return OrderTable(
        source=path.name,
        columns=columns,
        rows=found["row"].astype(np.int64),
        texts={name: np.asarray(found[name], dtype=object) for name in present},
        values={
            name: np.ma.filled(found[f"{name}_value"].astype(np.float64), np.nan)
            for name in present
            if name in _TIMES or name in _NUMBERS
        },
    )


def _match_columns(
    path: Path, columns: OrderColumns, headers: list[str], has_prices: bool
) -> list[str]:
    """Fields whose column is there; raises DemandError that names every missing one."""
    required = [*_REQUIRED, *(["unit_price"] if has_prices else [])]
    faults = []
    for name in required:
        header = getattr(columns, name)
        if header not in headers:
            near = difflib.get_close_matches(header, headers, n=1, cutoff=0.5)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            faults.append(f'{path.name} has no column "{header}"{hint}')
    if faults:
        raise DemandError([*faults, f"columns of {path.name}: {', '.join(headers)}"])
    names = [field.name for field in fields(columns)]
    return [
        name
        for name in names
        if getattr(columns, name) in headers and (name != "unit_price" or has_prices)
    ]


def _expressions(columns: OrderColumns, present: list[str], first_row: int) -> list[str]:
    """What to select: every field as text, times and numbers as numbers too."""
    selected = [f"row_number() over () - 1 + {first_row} as row"]
    for name in present:
        header = getattr(columns, name).replace('"', '""')
        text = f"trim(coalesce(cast(\"{header}\" as varchar), ''))"
        selected.append(f"{text} as {name}")
        if name in _TIMES:
            time = f"try_cast({text} as timestamp)"
            selected.append(f"case when isfinite({time}) then epoch({time}) end as {name}_value")
        elif name in _NUMBERS:
            selected.append(f"try_cast({text} as double) as {name}_value")
    return selected

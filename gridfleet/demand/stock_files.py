"""Stock from a file: which goods there are, how many of each and, if it says so, on which pod.

CSV or Parquet with the columns `sku` and `units`, and `pod` if the pods are known. Rows of the same
SKU (and pod) add up. The SKUs of the file are the catalogue: orders for others are faults.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from gridfleet.demand.csv_files import open_csv, refuse_misfits
from gridfleet.demand.errors import MAX_LISTED, DemandError
from gridfleet.demand.table_files import check_file, readable

MOST_UNITS = 10_000_000
"""More units than this in one row is taken for a slip of the keyboard."""
_REQUIRED, _POD = ("sku", "units"), "pod"
Texts = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """What a file says is there.

    source: name of the file. sku_names: the catalogue, in the order of the file. skus: int64[k],
    index into it. units: int64[k]. pods: int64[k], index into pod_names; None where the file has no
    pods. One row per SKU, or per SKU and pod.
    """

    source: str
    sku_names: tuple[str, ...]
    skus: NDArray[np.int64]
    units: NDArray[np.int64]
    pods: NDArray[np.int64] | None = None
    pod_names: tuple[str, ...] = ()


def read_stock(path: str | Path) -> Stock:
    """The stock of the file. Raises DemandError with all of its faults."""
    columns = _read(Path(path))
    name = Path(path).name
    units = _checked_units(name, columns)
    skus, sku_names = _numbered(columns["sku"])
    if _POD not in columns:
        keys, rows = np.unique(skus, return_inverse=True)
        return Stock(name, sku_names, keys, _sums(rows, units))
    pods, pod_names = _numbered(columns[_POD])
    keys, rows = np.unique(pods * len(sku_names) + skus, return_inverse=True)
    pods, skus = np.divmod(keys, len(sku_names))
    return Stock(name, sku_names, skus, _sums(rows, units), pods, pod_names)


def _sums(rows: NDArray[np.int64], units: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.bincount(rows, weights=units).astype(np.int64)


def _numbered(names: Texts) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Numbers by first appearance, and the names."""
    numbers: dict[str, int] = {}
    index = [numbers.setdefault(name, len(numbers)) for name in names.tolist()]
    return np.array(index, dtype=np.int64), tuple(numbers)


def _read(path: Path) -> dict[str, Any]:
    """Columns of text by name, with `row` and `value` (units as a number, nan where it is none)."""
    check_file(path, "stock file")
    with readable(path), duckdb.connect(config={"threads": 1}) as connection:
        is_csv = path.suffix.lower() == ".csv"
        lines = open_csv(connection, path) if is_csv else connection.read_parquet(str(path))
        present = _match_columns(path.name, lines.columns)
        texts = [f"trim(coalesce(cast({name} as varchar), ''))" for name in present]
        wanted = [f"{text} as {name}" for text, name in zip(texts, present, strict=True)]
        value = f"try_cast({texts[present.index('units')]} as double) as value"
        row = f"row_number() over () - 1 + {2 if is_csv else 1} as row"
        query = f"select {', '.join([*wanted, value, row])} from lines"
        found: dict[str, Any] = lines.query("lines", query).fetchnumpy()
        if is_csv:
            refuse_misfits(connection, path, len(lines.columns))
    if not len(found["row"]):
        raise DemandError(f"stock file {path} has a header but no rows")
    return {
        **{name: np.asarray(found[name], dtype=object) for name in present},
        "row": found["row"].astype(np.int64),
        "value": np.ma.filled(found["value"].astype(np.float64), np.nan),
    }


def _match_columns(name: str, headers: list[str]) -> list[str]:
    faults = []
    for wanted in _REQUIRED:
        if wanted not in headers:
            near = difflib.get_close_matches(wanted, headers, n=1, cutoff=0.6)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            faults.append(f'{name} has no column "{wanted}"{hint}')
    if faults:
        raise DemandError([*faults, f"columns of {name}: {', '.join(headers)}"])
    return [*_REQUIRED, *([_POD] if _POD in headers else [])]


def _checked_units(name: str, columns: dict[str, Any]) -> NDArray[np.int64]:
    """int64[k]; raises DemandError with every fault of the rows."""
    units = columns["value"]
    whole = np.isfinite(units) & (units == np.rint(units))
    faults: list[tuple[int, str]] = []
    for field, at_fault, what, cure in (
        ("sku", columns["sku"] == "", "is missing", "fill it in or remove the row"),
        ("units", ~whole, "is not a whole number", "write whole units"),
        ("units", whole & (units < 0), "is negative", "write what is there, 0 or more"),
        ("units", whole & (units > MOST_UNITS), f"is beyond {MOST_UNITS:,} units", "check it"),
        *([(_POD, columns[_POD] == "", "is missing", "name the pod")] if _POD in columns else []),
    ):
        for row in np.flatnonzero(at_fault).tolist():
            place = f"{name}, row {columns['row'][row]}, column {field}"
            faults.append((row, f'{place}: "{columns[field][row]}" {what}; {cure}'))
    if faults:
        raise DemandError([text for _, text in sorted(faults)[:MAX_LISTED]], len(faults))
    return np.asarray(units, dtype=np.int64)

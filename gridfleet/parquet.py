"""Tables as Parquet files: same columns, same bytes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layouts import GridfleetError


class ParquetError(GridfleetError, OSError):
    """A table that cannot be written; the text says why."""


def write_parquet(
    path: Path, columns: Mapping[str, NDArray[np.generic]],
    names: Mapping[str, list[str]] | None = None, says: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Write a file in one piece: one thread, order kept, no time stamp.

    columns: of equal length. names: of columns that hold codes from 0, what the file has in their
    place. says: what the file tells of itself. Raises ParquetError.
    """
    import duckdb

    temporary = path.with_name(f".{path.name}.part")
    quoted = str(temporary).replace("'", "''")
    arrays = {key: np.ascontiguousarray(column) for key, column in columns.items()}
    named = ", ".join(
        f"list_extract({words}, {column} + 1) as {column}"
        for column, words in (names or {}).items()
    )
    chosen = f"* replace ({named})" if named else "*"
    more = f", kv_metadata {dict(says)}" if says else ""
    try:
        with duckdb.connect(config={"threads": 1, "preserve_insertion_order": True}) as connection:
            connection.register("log", arrays)
            connection.execute(
                f"copy (select {chosen} from log) to '{quoted}' "
                f"(format parquet, compression zstd{more})"
            )
    except duckdb.Error as error:
        temporary.unlink(missing_ok=True)
        raise ParquetError(f"{path} cannot be written: {error}") from None
    os.replace(temporary, path)

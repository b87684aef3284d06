"""The folder that a run leaves: scenario.toml, kpis.json, events.parquet and report.html.

Files are written beside their place and renamed, so none is ever half there.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from layouts import GridfleetError

SCENARIO, KPIS, EVENTS, REPORT = "scenario.toml", "kpis.json", "events.parquet", "report.html"


class RunFolderError(GridfleetError, OSError):
    """A result folder that cannot be used; the text names the cure."""


def prepare(folder: Path) -> Path:
    """Make sure that the run can be written before it starts; returns the folder.

    A folder that holds a run is used again. One that holds anything else is left alone.
    """
    if folder.exists() and not folder.is_dir():
        raise RunFolderError(f"{folder} is a file; choose another folder with --out")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / SCENARIO).exists():
        raise RunFolderError(
            f"{folder} exists and is not the result of a run; choose another folder with --out"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise RunFolderError(
            f"{folder} cannot be written: {error.strerror}; choose another folder with --out"
        ) from None
    return folder


def write_text(folder: Path, name: str, text: str) -> None:
    """Write a text file in one piece."""
    temporary = folder / f".{name}.part"
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, folder / name)


def write_kpis(folder: Path, figures: dict[str, Any]) -> None:
    write_text(folder, KPIS, json.dumps(figures, indent=2, allow_nan=False) + "\n")


def write_events(folder: Path, columns: dict[str, NDArray[np.generic]]) -> None:
    """Write the event log: same columns, same bytes (one thread, order kept)."""
    temporary = folder / f".{EVENTS}.part"
    with duckdb.connect(config={"threads": 1, "preserve_insertion_order": True}) as connection:
        arrays = {name: np.ascontiguousarray(column) for name, column in columns.items()}
        connection.register("log", arrays)
        connection.execute(
            f"copy (select * from log) to '{str(temporary).replace(chr(39), chr(39) * 2)}' "
            "(format parquet, compression zstd)"
        )
    os.replace(temporary, folder / EVENTS)

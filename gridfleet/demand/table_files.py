"""What order and stock files share: a file must be there, of a known kind, and readable."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from gridfleet.demand.errors import DemandError


def check_file(path: Path, kind: str) -> None:
    """Raise DemandError for a file that is missing, empty or of no known kind. kind: as messages
    call it, such as "order file"."""
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise DemandError(f"{kind} {path} {what}; check the path{_nearest_file(path)}")
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise DemandError(f"{kind} {path} is neither .csv nor .parquet; convert it to one")
    if path.stat().st_size == 0:
        raise DemandError(f"{kind} {path} is empty; it needs a header and a row for each entry")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what the reader says of a file that it cannot read into a DemandError."""
    try:
        yield
    except duckdb.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise DemandError(
            f"{path.name} cannot be read ({reason}); give a CSV file in UTF-8 with one header row "
            "or a Parquet file"
        ) from error


def _nearest_file(path: Path) -> str:
    if not path.parent.is_dir():
        return f": there is no folder {path.parent} either"
    names = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    near = difflib.get_close_matches(path.name, names, n=1)
    return f'; did you mean "{near[0]}"?' if near else ""

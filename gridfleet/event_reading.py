"""The event log of a run folder, read back as it was recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fleet_control.events import NAMES, Columns, EventKind
from layouts import GridfleetError


class EventsError(GridfleetError, OSError):
    """An event log that cannot be read; the text names the cure."""


def read_events(path: Path) -> Columns:
    """The rows as columns of equal length by the names in NAMES, `kind` as its number.

    Raises EventsError for a file that is damaged or no event log.
    """
    import duckdb

    names = [kind.name.lower() for kind in EventKind]
    wanted = ", ".join(f'"{name}"' for name in NAMES if name != "kind")
    try:
        with duckdb.connect(config={"threads": 1}) as connection:
            found = connection.execute(
                f"select {wanted}, list_position({names}, kind) - 1 as kind "
                "from read_parquet(?, file_row_number = true) order by file_row_number",
                [str(path)],
            ).fetchnumpy()
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise EventsError(f"{path}: cannot be read: {first}; run it again") from None
    if np.ma.is_masked(found["kind"]):
        raise EventsError(f"{path}: there are events of kinds that this version does not know")
    return {name: np.ma.getdata(found[name]) for name in NAMES}

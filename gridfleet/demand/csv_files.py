"""CSV files opened strictly: the header says how many fields every line has.

Left to guess, a reader takes a line with a field too many ("1,200" without quotes) for one with a
smaller number, or skips a header that does not fit the lines. Here only the separator is guessed,
from the header.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import duckdb

from gridfleet.demand.errors import MAX_LISTED, DemandError

_SEPARATORS = ",;\t|"
_SHOWN = 80
"""Characters of a faulty line that a message shows."""


def open_csv(connection: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyRelation:
    """All columns as text. Lines that do not fit are left out until `refuse_misfits`."""
    separator, headers = _read_header(path)
    return connection.read_csv(
        str(path),
        header=True,
        auto_detect=False,
        sep=separator,
        quotechar='"',
        escapechar='"',
        columns=dict.fromkeys(headers, "VARCHAR"),
        store_rejects=True,
    )


def refuse_misfits(connection: duckdb.DuckDBPyConnection, path: Path, n_columns: int) -> None:
    """Raise DemandError with the lines left out so far on this connection, if any."""
    counted = connection.execute("select count(distinct line) from reject_errors").fetchone()
    if not counted or not counted[0]:
        return
    rejects = connection.execute(
        "select line, any_value(error_type), any_value(csv_line) from reject_errors "
        "group by line order by line limit ?", [MAX_LISTED],
    ).fetchall()  # fmt: skip
    raise DemandError([_say(path, n_columns, *reject) for reject in rejects], counted[0])


def _say(path: Path, n_columns: int, line: int, kind: str, text: str) -> str:
    place = f"{path.name}, line {line}"
    text = text.splitlines()[0][:_SHOWN] if text else ""
    if kind == "TOO MANY COLUMNS":
        what = f"has more than the {n_columns} fields of the header"
        return f'{place}: "{text}" {what}; put quotes around a field with a separator in it'
    if kind == "MISSING COLUMNS":
        return f'{place}: "{text}" has fewer than the {n_columns} fields of the header; add them'
    if kind == "INVALID ENCODING":
        return f"{place}: not UTF-8; save the file in UTF-8"
    return f'{place}: "{text}" cannot be read ({kind.lower()}); check its quotes'


def _read_header(path: Path) -> tuple[str, list[str]]:
    try:
        with path.open("rb") as file:
            first = file.readline().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DemandError(f"{path.name}: the header is not UTF-8; save it in UTF-8") from error
    separator = max(_SEPARATORS, key=first.count)
    headers = [header.strip() for header in next(csv.reader([first], delimiter=separator), [])]
    twice = [header for header, n in Counter(headers).items() if n > 1]
    if twice:
        raise DemandError(f'{path.name} has two columns called "{twice[0]}"; rename one')
    if not any(headers):
        raise DemandError(f"{path.name} begins with a blank line; put the header first")
    return separator, headers

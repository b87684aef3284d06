"""`gridfleet layouts list`: the ready floors."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from gridfleet.cli.errors import reported

HEADINGS = ("name", "cells", "storage", "stations", "units", "")
"""Of the columns of the table; the last one is the description."""


def list_floors(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Ready floors, whose names are accepted wherever a layout file is."""
    from gridfleet.cli.layouts.facts import summary
    from layouts import library_names, load

    with reported():
        rows = [summary(load(name)) for name in library_names()]
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        print("\n".join(table(sorted(rows, key=lambda row: row["recommended_units"]))))


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Columns as wide as what is in them, the smallest fleet first."""
    cells = [
        (
            row["name"],
            f"{row['rows']} x {row['columns']}",
            f"{row['storage']:,}" if row["storage"] else "-",
            f"{row['stations']}",
            f"{row['recommended_units']:,}",
            row["description"],
        )
        for row in rows
    ]
    columns = list(zip(HEADINGS, *cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    return [
        f"{name:<{widths[0]}}  " + "  ".join(
            f"{text:>{width}}" for text, width in zip(figures, widths[1:5], strict=True)
        ) + (f"  {description}" if description else "")
        for name, *figures, description in [HEADINGS, *cells]
    ]  # fmt: skip

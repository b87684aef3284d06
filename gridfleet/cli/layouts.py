"""`gridfleet layouts`: look at floors."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.layouts_check import check

app = typer.Typer(no_args_is_help=True, help="List and show floors.")
app.command()(check)
GLYPHS = "#.PSqCKH"
"""Characters of CellKind 0 .. 7 on the screen."""


@app.command("list")
def list_floors(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Ready floors, whose names are accepted wherever a layout file is."""
    from layouts import CellKind, library_names, load

    rows = []
    for name in library_names():
        floor = load(name)
        rows.append(
            {
                "name": name,
                "rows": floor.n_rows,
                "columns": floor.n_cols,
                "storage": len(floor.cells_of(CellKind.STORAGE)),
                "stations": len(floor.stations),
                "recommended_units": floor.recommended_units,
                "description": floor.description,
            }
        )
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(
            f"{row['name']:<12}{row['rows']:>4} x {row['columns']:<4} {row['storage']:>6} storage "
            f"{row['stations']:>4} stations {row['recommended_units']:>5} units  "
            f"{row['description']}"
        )


@app.command()
def show(layout: Annotated[str, typer.Argument(help="Name of a ready floor, or a file.")]) -> None:
    """Print a floor in the terminal."""
    from layouts import load

    with reported():
        floor = load(layout)
    for row in floor.kinds.reshape(floor.n_rows, floor.n_cols).tolist():
        print("".join(GLYPHS[kind] for kind in row))

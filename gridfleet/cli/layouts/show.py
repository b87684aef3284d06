"""`gridfleet layouts show`: a floor in the terminal and as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.layouts.picture_options import FiguresAsJson, NoPicture


def show(
    floor: Annotated[str, typer.Argument(help="Name of a ready floor, or a file.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Picture, .png or .svg. [default: NAME.png in this folder]"),
    ] = None,
    no_picture: NoPicture = False,
    as_json: FiguresAsJson = False,
) -> None:
    """Print a floor with its stations and write a picture of it.

    \b
    A ready floor, its picture in teaching.png:
      gridfleet layouts show teaching

    \b
    A file of any known format, for a document; only in the terminal; for a script:
      gridfleet layouts show hall.toml --out hall.svg
      gridfleet layouts show warehouse.map --no-picture
      gridfleet layouts show large --json

    In a terminal the floor is coloured and cut off at the right edge if it is wider.
    """
    with reported():
        from gridfleet.cli.layouts import facts, terminal
        from gridfleet.cli.layouts.targets import file_for
        from gridfleet.floor_picture import check_path, write_picture
        from layouts import load

        layout = load(floor)
        usual = None if as_json else file_for(layout.name, ".png")
        picture = None if no_picture else out or usual
        if picture is not None:
            check_path(picture)
            write_picture(layout, picture)
        if as_json:
            print(json.dumps(facts.details(layout), indent=2))
            return
        terminal.print_floor(layout)
        print("\n".join([*facts.lines(layout), *facts.station_lines(layout)]))
        if picture is not None:
            print(f"picture: {picture}")

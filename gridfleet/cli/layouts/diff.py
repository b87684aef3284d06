"""`gridfleet layouts diff`: what is different between two floors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gridfleet.cli.errors import reported

DIFFERS = 1


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="Name of a ready floor, or a file.")],
    after: Annotated[str, typer.Argument(metavar="B", help="What to compare it with.")],
    out: Annotated[
        Path | None, typer.Option(help="Picture of B with what is different, .png or .svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 where anything differs.")
    ] = False,
) -> None:
    """Say what floor B has otherwise than floor A: cells, stations, one-way rules, lint findings.

    \b
    A floor of your own and the one it was made from; for a document; for a script:
      gridfleet layouts diff demo my-floor.toml
      gridfleet layouts diff demo my-floor.toml --out changes.png
      gridfleet layouts diff demo my-floor.toml --json --exit-code

    Rows and columns are aligned first, so one that was added in the middle is one change. Names,
    descriptions and formats do not count. Exit codes: 0 compared, 2 bad input, with --exit-code 1
    where anything differs.
    """
    with reported():
        from gridfleet.cli.layouts import diff_words
        from layouts import load
        from layouts.difference import difference

        if out is not None:
            from gridfleet.floor_picture import check_path

            check_path(out)
        found = difference(load(before), load(after))
        if out is not None:
            from gridfleet.difference_picture import write_difference

            write_difference(found, out)
        if as_json:
            print(json.dumps(diff_words.as_json(found), indent=2))
        else:
            print("\n".join(diff_words.lines(found)))
            if out is not None:
                print(f"picture: {out}")
    if exit_code and not found.is_same:
        raise typer.Exit(DIFFERS)

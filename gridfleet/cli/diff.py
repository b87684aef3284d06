"""`gridfleet diff`: two runs side by side, and where they first part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gridfleet.cli.errors import reported

DIFFERS = 1


def diff(
    before: Annotated[Path, typer.Argument(metavar="RUN_A", help="Result folder of a run.")],
    after: Annotated[Path, typer.Argument(metavar="RUN_B", help="What to compare it with.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="For machines, with the figures of every station.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 where figures or events differ.")
    ] = False,
) -> None:
    """Compare two runs: scenario keys that differ, key figures, the first decision that differs.

    \b
    One thing changed in a saved run; the same run twice, to see that it repeats:
      gridfleet simulate teaching --hours 2 --out base
      gridfleet simulate --scenario base --robots 26 --out more-units
      gridfleet diff base more-units
      gridfleet diff base again --exit-code

    Two runs prove nothing: chance differs between seeds. Where the journal of a run is at hand,
    gridfleet replay decides everything again. Exit codes: 0 compared, 2 bad input, with --exit-code
    1 where anything differs but the time that the machine took.
    """
    with reported():
        from gridfleet.cli import diff_words
        from gridfleet.run_difference import run_difference
        from gridfleet.run_reading import read_run

        found = run_difference(read_run(before), read_run(after))
        if as_json:
            print(json.dumps(diff_words.as_json(found), indent=2))
        else:
            print("\n".join(diff_words.lines(found)))
    if exit_code and not found.is_same:
        raise typer.Exit(DIFFERS)

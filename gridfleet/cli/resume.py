"""`gridfleet resume`: go on with a run that ended before its time, from its journal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridfleet.cli.errors import reported


def resume(
    journal: Annotated[Path, typer.Argument(help="File that simulate --journal has made.")],
    out: Annotated[
        Path | None, typer.Option(help="Result folder. [default: runs/LAYOUT-SEED]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the KPIs as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Go on with a run whose process was killed or interrupted.

    \b
    The result is the same as that of a run that nobody disturbed:
      gridfleet simulate teaching --hours 2 --journal run.journal --out run
      gridfleet resume run.journal --out run

    A run that is finished is not run again; its result is written once more.
    Exit codes: 0 success, 2 no journal that can be gone on with, 1 failure, 130 Ctrl-C.
    """
    with reported():
        from gridfleet.cli.running import go_on

        go_on(journal, out, as_json=as_json, is_quiet=quiet)

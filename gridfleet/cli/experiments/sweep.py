"""`gridfleet sweep`: which of many parameters matters, and which point of them is best."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.experiments.campaigns import (
    INTERRUPTED,
    campaign,
    given_options,
    refused_interrupts,
    tell,
)
from gridfleet.cli.experiments.options import Cluster, Json, Quiet, Workers

if TYPE_CHECKING:
    from gridfleet.experiments.sweep.findings import Row, Sweep
    from gridfleet.experiments.sweep.points import Field


def sweep(
    file: Annotated[Path, typer.Argument(help="What is varied, as TOML.", show_default=False)],
    kpi: Annotated[
        str | None,
        typer.Option(help="Key figure that decides. [default: output_per_hour, or as the file]"),
    ] = None,
    replications: Annotated[
        int | None, typer.Option(help="Runs of each point. [default: 5, or as the file]")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="steady: the long run, without warm-up; shift: whole runs from an empty floor. "
            "[default: as the file; else steady where it says nothing about demand]"
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Of the first run of each point, and of a Latin hypercube. [default: 0, or as "
            "the file]"
        ),
    ] = None,
    workers: Workers = 0,
    cluster: Cluster = "",
    out: Annotated[
        Path | None, typer.Option(help="Result folder. [default: experiments/sweep-FILE]")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Vary anything in a scenario: main effects, what works together, the best point.

    \b
    The file is a scenario with two tables more:
      layout = "demo"
      hours = 2.0
      [sweep]
      design = "factorial"                  # or "latin", with samples = 60
      [parameters]
      robots = [20, 30, 40]
      "service.line_s" = [4, 6, 8]
      "work.storage_rule" = ["nearest", "home"]

    \b
    Then:
      gridfleet sweep rules.toml
      gridfleet sweep rules.toml --kpi cycle_time_p95_s

    A range is { from = 20, to = 60 } for a Latin hypercube, and { from = 20, to = 60, steps = 5 }
    for all combinations; log = true spaces it evenly in ratios (docs/sweeps.md). All points
    run with the same seeds. Every point is checked before anything runs. Ctrl-C shows what there
    is; the same command goes on, and a file with more values runs what is new. Exit codes: 0
    success, 2 bad usage or input, 1 failure, 130 Ctrl-C.
    """
    with reported():
        from gridfleet.experiments.sweep.file import read_sweep
        from gridfleet.experiments.sweep.points import lay_out

        options = given_options(kpi=kpi, replications=replications, kind=kind, seed=seed)
        field = lay_out(read_sweep(file, options))
        folder = out or Path("experiments") / f"sweep-{file.stem}"
        with refused_interrupts(f"finished runs are in {folder}"):
            found, rows, is_interrupted = _run(field, folder, workers, cluster, quiet)
            _tell(found, rows, folder, as_json)
        if is_interrupted:
            raise typer.Exit(INTERRUPTED)


def _run(
    field: Field, folder: Path, workers: int, cluster: str, is_quiet: bool
) -> tuple[Sweep, list[Row], bool]:
    """What was found, of which runs, and whether Ctrl-C cut it."""
    from gridfleet.experiments.sweep.sweeping import run_sweep

    with campaign(field.variants, folder, workers, cluster, is_quiet=is_quiet) as (running, bar):
        found, rows = run_sweep(field, running, bar.show, bar.should_stop)
        return found, rows, bar.is_interrupted


def _tell(found: Sweep, rows: list[Row], folder: Path, as_json: bool) -> None:
    from gridfleet.cli.experiments.tables import level_table
    from gridfleet.experiments.report.sweep_page import write_sweep
    from gridfleet.experiments.sweep.words import headline, remarks

    sentence, told = headline(found), list(remarks(found))
    figures = {"headline": sentence, "remarks": told, **found.as_json()}
    report = write_sweep(folder, found, rows, sentence, told, figures)
    tell(figures, [sentence, *told], lambda: level_table(found), report, as_json=as_json)

"""`gridfleet lost-capacity`: where time goes, and what one more of something would bring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.experiments.campaigns import (
    INTERRUPTED,
    campaign,
    given_options,
    refused_interrupts,
    tell,
)
from gridfleet.cli.experiments.options import Cluster, Hours, Json, Kpi, Quiet, Seed, Workers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gridfleet.experiments.comparing import Runs


def lost_capacity(
    floor: Annotated[
        str, typer.Argument(help="Ready floor, floor file, scenario file or folder of a run.")
    ],
    hours: Hours = None,
    robots: Annotated[
        int | None, typer.Option(help="Units. [default: as the floor advises]")
    ] = None,
    replications: Annotated[int, typer.Option(help="Of the floor and of each change.")] = 10,
    kpi: Kpi = "output_per_hour",
    confidence: Annotated[float, typer.Option(help="Of the intervals, together.")] = 0.95,
    kind: Annotated[
        str | None,
        typer.Option(help="steady or shift, as in compare. [default: steady for floors]"),
    ] = None,
    as_given: Annotated[
        bool, typer.Option("--as-given", help="Made-up orders come by the clock, as in simulate.")
    ] = False,
    seed: Seed = 0,
    workers: Workers = 0,
    cluster: Cluster = "",
    out: Annotated[
        Path | None, typer.Option(help="Result folder. [default: experiments/lost-FLOOR]")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Where capacity is lost on a floor, and what a unit, a station or an aisle more would bring.

    \b
      gridfleet lost-capacity demo
      gridfleet lost-capacity today.toml --hours 2 --replications 20

    The floor runs as it is and with each change, all with the same orders. Changed floors are kept
    in the folder, to be looked at and used. Exit codes: 0 success, 2 bad usage or input, 1 failure,
    130 Ctrl-C.
    """
    with reported():
        from gridfleet.experiments.comparing import Ask, run_comparison
        from gridfleet.experiments.marginal import line_up_changes

        folder = out or Path("experiments") / f"lost-{Path(floor).stem}"
        ask = Ask(
            measure=kpi, pilots=replications, most=replications, confidence=confidence, seed=seed
        )
        options = given_options(hours=hours, robots=robots)
        with refused_interrupts(f"finished replications are in {folder}"):
            line, words = line_up_changes(floor, options, folder, kind=kind, as_given=as_given)
            with campaign(line.variants, folder, workers, cluster, is_quiet=quiet) as (
                running,
                bar,
            ):
                runs = run_comparison(line, ask, running, bar.show, bar.should_stop)
                is_interrupted = bar.is_interrupted
            _tell(runs, folder, words, as_json)
        if is_interrupted:
            raise typer.Exit(INTERRUPTED)


def _tell(runs: Runs, folder: Path, words: Mapping[str, str], as_json: bool) -> None:
    from gridfleet.experiments.comparison import analyse
    from gridfleet.experiments.marginal import losses, marginal_rows, marginal_verdict
    from gridfleet.experiments.report import write_comparison
    from gridfleet.experiments.verdict import remarks

    found = analyse(runs)
    rows = marginal_rows(found, words)
    sentence = " ".join(filter(None, (losses(found), marginal_verdict(rows, found))))
    told = list(remarks(found))
    figures = {"verdict": sentence, "remarks": told, "marginal": rows, **found.as_json()}
    report = write_comparison(folder, runs, found, sentence, told, figures)
    noun = found.main[0].words if found.main else found.measure
    tell(figures, [sentence, *told], lambda: _table(rows, noun), report, as_json=as_json)


def _table(rows: list[dict[str, Any]], words: str) -> str:
    lines = [f"{'change':<58}{words + ', more':>26}{'interval':>24}"]
    for row in rows:
        low, high = row["low"], row["high"]
        between = "-" if low is None or high is None else f"{low:+,.1f} to {high:+,.1f}"
        each = ", each" if row["a_unit"] else ""
        star = "*" if row["is_sure"] else " "
        lines.append(f"{row['change'] + each:<58}{row['brings']:>+26,.1f}{between:>24} {star}")
    return "\n".join(lines)

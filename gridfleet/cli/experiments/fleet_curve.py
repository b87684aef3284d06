"""`gridfleet fleet-curve`: how much a floor does with more and more units."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.experiments.campaigns import (
    INTERRUPTED,
    campaign,
    given_options,
    refused_interrupts,
)
from gridfleet.cli.experiments.options import (
    Cluster,
    Confidence,
    Hours,
    Json,
    Kpi,
    Quiet,
    Seed,
    Workers,
)

if TYPE_CHECKING:
    from gridfleet.experiments.fleet_curve import Curves


def fleet_curve(
    layouts: Annotated[
        list[str], typer.Argument(help="Ready floors or floor files.", show_default=False)
    ],
    units: Annotated[
        str | None,
        typer.Option(
            help="Fleets, as 10,20,40. [default: a quarter to three times as many as the first "
            "floor advises]"
        ),
    ] = None,
    hours: Hours = None,
    replications: Annotated[int, typer.Option(help="Runs of each size.")] = 5,
    kpi: Kpi = "output_per_hour",
    confidence: Confidence = 0.95,
    limited: Annotated[
        bool,
        typer.Option(
            "--limited",
            help="Let the controller hold units back as in a run, instead of giving all of them "
            "work.",
        ),
    ] = False,
    seed: Seed = 0,
    workers: Workers = 0,
    cluster: Cluster = "",
    out: Annotated[
        Path | None, typer.Option(help="Result folder. [default: experiments/curve-LAYOUT]")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Throughput against the number of units, where it collapses, and the largest safe fleet.

    \b
    One floor, then two in one picture:
      gridfleet fleet-curve teaching
      gridfleet fleet-curve today.toml narrow-aisles.toml --units 10,20,30,40,60

    All units have work at once, more than the controller would give them, and there are always more
    orders than can be filled: the curve shows what the floor carries. Ctrl-C shows what there is;
    the same command goes on. Exit codes: 0 success, 2 bad usage or input, 1 failure, 130 Ctrl-C.
    """
    with reported():
        from gridfleet.experiments.fleet_curve import CurveAsk, default_folder, lay_out, run_curves

        ask = CurveAsk(kpi, _sizes(units), replications, confidence, limited, seed)
        field = lay_out(layouts, given_options(hours=hours), ask)
        folder = out or default_folder(layouts)
        with (
            refused_interrupts(f"finished runs are in {folder}"),
            campaign(field.variants, folder, workers, cluster, is_quiet=quiet) as (running, bar),
        ):
            found = run_curves(field, ask, running, bar.show, bar.should_stop)
            is_interrupted = bar.is_interrupted
        _tell(found, folder, as_json)
        if is_interrupted:
            raise typer.Exit(INTERRUPTED)


def _sizes(text: str | None) -> tuple[int, ...]:
    from gridfleet.experiments.errors import ExperimentError

    if text is None:
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ExperimentError(f"--units is {text!r}; write whole numbers, as 10,20,40") from None


def _tell(found: Curves, folder: Path, as_json: bool) -> None:
    from gridfleet.experiments.fleet_curve import sentences
    from gridfleet.experiments.measures.catalogue import measure_named
    from gridfleet.experiments.report.curve_page import write_curves

    told = sentences(found)
    figures = {"sentences": told, **found.as_json()}
    report = write_curves(folder, found, told, figures)
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    for line in told:
        print(line)
    words = measure_named(found.measure).titled(found.work)
    for curve in found.curves:
        print(
            f"\n{curve.layout:<20}{'units':>7}{words:>24}{'interval':>20}{'waiting':>10}{'jams':>9}"
        )
        for point in curve.points:
            mark = {curve.peak: "best", curve.collapse: "collapse"}.get(point.n_units, "")
            low, high = point.figure.low, point.figure.high
            between = "-" if low is None or high is None else f"{low:,.0f} to {high:,.0f}"
            print(
                f"{mark:<20}{point.n_units:>7}{point.figure.mean:>24,.1f}{between:>20}"
                f"{point.waiting:>8.1f} %{f'{point.jams} of {point.n}':>9}"
            )
    print(f"report: {report}")

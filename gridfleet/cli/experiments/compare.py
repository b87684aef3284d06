"""`gridfleet compare`: does a change help, by how much, and how sure is that."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.experiments.campaigns import (
    INTERRUPTED,
    campaign,
    given_options,
    percent,
    refused_interrupts,
    tell,
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
    from gridfleet.experiments.comparing import Ask, Runs
    from gridfleet.experiments.variants import Line


def compare(
    variants: Annotated[
        list[str],
        typer.Argument(
            help="Two or more: ready floors, floor files, scenario files or folders of runs. The "
            "others are compared with the first.",
            show_default=False,
        ),
    ],
    hours: Hours = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="Half width of the interval that is wanted, of the first's mean. [default: 1%; "
            "with --at-least no more than what answers it]"
        ),
    ] = None,
    kpi: Kpi = "output_per_hour",
    at_least: Annotated[
        str | None, typer.Option(help="Say whether the others are better by so much, as 2%.")
    ] = None,
    confidence: Confidence = 0.95,
    pilots: Annotated[int, typer.Option(help="Replications before the number is decided.")] = 8,
    most: Annotated[int, typer.Option(help="Replications of each at the most.")] = 40,
    minutes: Annotated[
        float | None, typer.Option(help="Stop after so many minutes of computing.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="steady: the long run, without warm-up; shift: whole runs from an empty floor. "
            "[default: steady for floors, shift for orders from a file and scenarios]"
        ),
    ] = None,
    as_given: Annotated[
        bool,
        typer.Option(
            "--as-given",
            help="Made-up orders come by the clock, as in simulate, and not more than a floor can "
            "fill.",
        ),
    ] = False,
    robots: Annotated[
        int | None, typer.Option(help="Units of all variants. [default: as the first advises]")
    ] = None,
    orders: Annotated[str | None, typer.Option(help="Order file of all variants.")] = None,
    preset: Annotated[str | None, typer.Option(help="How to read it, as in simulate.")] = None,
    columns: Annotated[str | None, typer.Option(help="Its columns, as in simulate.")] = None,
    start: Annotated[str | None, typer.Option(help="Begin of its window, as in simulate.")] = None,
    faults: Annotated[str | None, typer.Option(help="Fault file of all variants.")] = None,
    seed: Seed = 0,
    workers: Workers = 0,
    cluster: Cluster = "",
    out: Annotated[
        Path | None, typer.Option(help="Result folder. [default: experiments/A-B]")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare floors or scenarios by paired replications.

    \b
    Is the second floor better? All have the same fleet and the same orders:
      gridfleet compare demo one-way
      gridfleet compare today.toml wider-aisles.toml --at-least 2%
      gridfleet compare today.toml wider-aisles.toml --precision 0.5%

    \b
    Under real orders, whole days:
      gridfleet compare demo pick-and-stow --orders week.csv --preset online-retail \\
          --start 2011-11-15T08:00 --hours 9

    \b
    Scenarios that differ in anything: rules, fleets, people, faults:
      gridfleet compare fifo.toml batched.toml fewer-units.toml --kpi cycle_time_mean_s

    Replications with the same seed share orders, people and faults, so that little but the change
    differs (docs/experiments.md). Ctrl-C compares what there is; the same command goes on from what
    is finished. Exit codes: 0 compared, whatever was found, 2 bad usage or input, 1 failure,
    130 Ctrl-C.
    """
    with reported():
        from gridfleet.experiments.comparing import Ask
        from gridfleet.experiments.errors import ExperimentError
        from gridfleet.experiments.variants import line_up_variants

        if len(variants) < 2:
            raise ExperimentError(f"only {variants[0]} is named; name two or more to compare")
        wanted = percent(at_least, "--at-least") if at_least is not None else None
        half_width = percent(precision or "1%", "--precision")
        question = wanted if precision is None else None
        ask = Ask(kpi, half_width, pilots, most, confidence, seed, question)
        options = given_options(
            hours=hours, robots=robots, orders=orders, preset=preset, start=start, faults=faults
        )
        if columns is not None:
            from gridfleet.cli.simulate import pairs

            options["columns"] = pairs(columns)
        line = line_up_variants(variants, options, kind=kind, as_given=as_given)
        folder = out or Path("experiments") / "-".join(variant.name for variant in line.variants)
        deadline_s = time.monotonic() + 60.0 * minutes if minutes is not None else None
        with refused_interrupts(f"finished replications are in {folder}"):
            runs, is_interrupted = _run(line, ask, folder, workers, cluster, quiet, deadline_s)
            _tell(runs, folder, wanted, as_json)
        if is_interrupted:
            raise typer.Exit(INTERRUPTED)


def _run(
    line: Line, ask: Ask, folder: Path, workers: int, cluster: str, is_quiet: bool,
    deadline_s: float | None,
) -> tuple[Runs, bool]:  # fmt: skip
    """What ran, and whether Ctrl-C cut it."""
    from gridfleet.experiments.comparing import run_comparison

    with campaign(
        line.variants, folder, workers, cluster, is_quiet=is_quiet, deadline_s=deadline_s
    ) as (running, bar):
        runs = run_comparison(line, ask, running, bar.show, bar.should_stop)
        return runs, bar.is_interrupted


def _tell(runs: Runs, folder: Path, wanted: float | None, as_json: bool) -> None:
    from gridfleet.cli.experiments.tables import effect_table
    from gridfleet.experiments.comparison import analyse
    from gridfleet.experiments.report import write_comparison
    from gridfleet.experiments.verdict import at_least, remarks, verdict

    found = analyse(runs)
    sentence = verdict(found)
    answers = list(at_least(found, 100.0 * wanted)) if wanted is not None else []
    told = [*answers, *remarks(found)]
    figures = {"verdict": sentence, "remarks": told, **found.as_json()}
    report = write_comparison(folder, runs, found, sentence, told, figures)
    tell(figures, [sentence, *told], lambda: effect_table(found), report, as_json=as_json)

"""`gridfleet guidance optimise`: search the costs of moves under which a floor does most."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.experiments.campaigns import INTERRUPTED, Bar, refused_interrupts
from gridfleet.cli.experiments.options import Json, Quiet, Workers

if TYPE_CHECKING:
    from gridfleet.guidance.search import Ask, Found
    from gridfleet.guidance.trials import Ground
    from layouts import Layout

ENDLESS = 10**9
OVER = ("field", "edges")


def optimise(
    layout: Annotated[str, typer.Argument(help="Ready floor or a floor file.")],
    units: Annotated[int, typer.Option(help="Units. [default: as the floor advises]")] = 0,
    minutes: Annotated[
        float, typer.Option(help="How long candidates are tried; the verdict comes after that.")
    ] = 10.0,
    evaluations: Annotated[
        int | None,
        typer.Option(help="Try so many candidates, whatever time that takes: the same each time."),
    ] = None,
    over: Annotated[
        str, typer.Option(help="field: a few figures for the whole floor; edges: every move too.")
    ] = "field",
    hours: Annotated[float, typer.Option(help="Of a run of a floor with stations.")] = 0.5,
    steps: Annotated[int, typer.Option(help="Of a run of a bare map.")] = 500,
    runs: Annotated[int, typer.Option(help="Of each candidate, with seeds of their own.")] = 2,
    proof: Annotated[int, typer.Option(help="Runs of each side for the verdict.")] = 8,
    planner: Annotated[
        str, typer.Option(help="pibt, epibt, windowed, or auto for what suits floor and fleet.")
    ] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Of the search and its runs.")] = 0,
    workers: Workers = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Guidance table, .csv. [default: LAYOUT.guidance.csv in this folder]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file of another search.")] = (
        False
    ),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search guidance for a floor and a fleet by trying it, and prove it with fresh seeds.

    \b
    Ten minutes for a ready floor, then a run with what was found:
      gridfleet guidance optimise demo
      gridfleet simulate demo --guidance demo.guidance.csv

    \b
    The same result each time; a bare map; over night, with a figure for every move:
      gridfleet guidance optimise teaching --evaluations 30 --seed 1 --json
      gridfleet guidance optimise maze.map --units 200 --planner epibt
      gridfleet guidance optimise demo --minutes 600 --over edges

    What was tried is kept in a folder beside the table: the same command goes on from there, after
    Ctrl-C too, which leaves the best so far. How it is done: docs/guidance.md. Exit codes: 0 done,
    whatever was found, 2 bad usage or input, 1 failure, 130 Ctrl-C.
    """
    with reported():
        from gridfleet.cli.layouts.targets import file_for
        from gridfleet.guidance.errors import GuidanceError
        from gridfleet.guidance.search import Ask
        from gridfleet.guidance.trials import ground_for
        from gridfleet.typed_files import suggest
        from layouts import load

        if over not in OVER:
            raise GuidanceError(f"unknown --over {over!r}; {suggest(over, OVER)}")
        if not minutes > 0.0:
            raise GuidanceError(f"{minutes:g} minutes are none; give more than 0")
        floor = load(layout)
        place = str(Path(layout).resolve()) if Path(layout).is_file() else layout
        ground = ground_for(place, units, planner, hours, steps, over_edges=over == "edges")
        ask = Ask(evaluations or ENDLESS, seed, search_seeds=runs, proof_seeds=proof)
        if evaluations is not None and evaluations < 1:
            raise GuidanceError(f"{evaluations} evaluations are none; give 1 or more")
        table = out or file_for(floor.name, ".guidance.csv")
        kept = table.with_name(f"{table.name}.tried")
        _check(table, kept, force)
        minutes = minutes if evaluations is None else float("inf")
        with refused_interrupts(f"finished trials are in {kept}"):
            found = _run(floor, ground, ask, kept, minutes, workers, quiet)
            if found.best is not None:
                _write(floor, ground, found, table)
            _tell(floor, ground, ask, found, table, as_json)
        if found.is_cut:
            raise typer.Exit(INTERRUPTED)


def _check(table: Path, kept: Path, may_replace: bool) -> None:
    """A table that this search has made before is its own."""
    from gridfleet.cli.layouts.targets import check_target

    check_target(table, (".csv",), may_replace or kept.is_dir())


def _run(
    floor: Layout, ground: Ground, ask: Ask, kept: Path, minutes: float, workers: int, quiet: bool
) -> Found:
    from gridfleet.experiments.engine import Campaign, Processes, Store
    from gridfleet.guidance.search import Watch, search
    from gridfleet.guidance.trials import prepare, run_trial

    end_s = time.monotonic() + 60.0 * minutes
    with Bar(quiet) as bar, Processes(run_trial, workers, prepare) as executor:
        watch = Watch(bar.show, bar.should_stop, lambda: time.monotonic() >= end_s)
        return search(floor, ground, ask, Campaign(executor, Store(kept)), watch)


def _write(floor: Layout, ground: Ground, found: Found, table: Path) -> None:
    from gridfleet.guidance.trials import weights_of
    from layouts.guidance import weights_text
    from layouts.loading import write_whole

    assert found.best is not None
    write_whole(weights_text(floor, weights_of(floor, ground, found.best)), table)


def _tell(
    floor: Layout, ground: Ground, ask: Ask, found: Found, table: Path, as_json: bool
) -> None:
    from gridfleet.guidance.telling import figures_of, sentences

    figures: dict[str, Any] = {"guidance": str(table) if found.best is not None else None}
    figures |= figures_of(floor, ground, ask, found)
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    print("\n".join(sentences(floor, ground, found)))
    if found.best is not None:
        print(f"guidance: {table}")

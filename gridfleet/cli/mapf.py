"""`gridfleet mapf`: paths of all agents of a benchmark problem at once, or a check of paths."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.compiling import tell_of_compiling
from gridfleet.cli.errors import reported
from gridfleet.cli.interrupt import StopOnInterrupt

if TYPE_CHECKING:
    from gridfleet.oneshot.run import Asked
    from layouts import Layout
    from layouts.movingai_scen import Pairs

UNSOLVED, INTERRUPTED = 1, 130


def mapf(
    floor: Annotated[
        str, typer.Argument(metavar="MAP", help="MovingAI map, or any other floor file or name.")
    ],
    scen: Annotated[Path, typer.Option(help="MovingAI scenario: starts and goals.")],
    agents: Annotated[
        int | None, typer.Option(min=1, help="Lines of the scenario to use. [default: all]")
    ] = None,
    time_s: Annotated[
        float | None, typer.Option("--time", min=0.0, help="Seconds. [default: 10]")
    ] = None,
    iterations: Annotated[
        int | None,
        typer.Option(min=1, help="Steps of the search, for the same paths anywhere; no clock."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of chance.")] = 0,
    rings: Annotated[
        bool,
        typer.Option("--rings/--no-rings", help="Whether rings of agents may rotate in one step."),
    ] = True,
    out: Annotated[Path | None, typer.Option(help="Write the paths to this file.")] = None,
    check: Annotated[
        Path | None, typer.Option(help="Only check the paths in this file.", metavar="PATHS")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only errors.")] = False,
) -> None:
    """Find paths for all agents at once, and shorten them for as long as there is time.

    \b
    gridfleet mapf random-32-32-20.map --scen random-32-32-20-random-1.scen --agents 400 --time 10
    gridfleet mapf random-32-32-20.map --scen random-32-32-20-random-1.scen --out paths.txt
    gridfleet mapf random-32-32-20.map --scen random-32-32-20-random-1.scen --check paths.txt

    Paths are checked before they are told. With --check all agents of the file are looked at.
    Ctrl-C ends with the best paths so far. docs/mapf.md explains figures and files.

    Exit codes: 0 solved, 1 not solved or wrong paths, 2 bad usage or input, 130 Ctrl-C.
    """
    from gridfleet.oneshot.run import Asked, read_problem

    if time_s is None and iterations is None:
        time_s = 10.0
    asked = Asked(time_s, iterations, seed, rings)
    with reported():
        if check is not None:
            _check(floor, scen, agents, check, asked, as_json, quiet)
            return
        layout, pairs = read_problem(floor, scen, agents)
        _solve(layout, pairs, asked, out, as_json, quiet)


def _solve(
    layout: Layout, pairs: Pairs, asked: Asked, out: Path | None, as_json: bool, quiet: bool
) -> None:
    from gridfleet.oneshot.paths_file import write_paths
    from gridfleet.oneshot.run import solve_timed

    if out is not None:
        _check_place(out)
    tell_of_compiling(quiet)
    with StopOnInterrupt() as interrupt:
        solution, figures = solve_timed(layout, pairs, asked, interrupt.asked)
    figures = {"map": layout.name, "seed": asked.seed} | figures
    if out is not None and solution.cells is not None:
        note = f"{layout.name}, {figures['agents']} agents, seed {asked.seed}: (column,row)"
        write_paths(solution.cells, layout.n_cols, note, out)
    if as_json:
        print(json.dumps(figures, indent=2))
    elif not quiet:
        _tell(figures, solution.reason)
        if out is not None and solution.cells is not None:
            print(f"paths written to {out}")
    if interrupt.asked():
        raise typer.Exit(INTERRUPTED)
    if solution.cells is None:
        if quiet:
            print(f"error: {_outcome_text(figures, solution.reason)}", file=sys.stderr)
        raise typer.Exit(UNSOLVED)


def _check(
    floor: str, scen: Path, agents: int | None, paths: Path, asked: Asked, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    from gridfleet.oneshot.paths_file import read_paths
    from gridfleet.oneshot.run import check_paths, read_problem
    from layouts import load

    cells = read_paths(paths, load(floor))
    layout, pairs = read_problem(floor, scen, agents or cells.shape[1])
    faults, figures = check_paths(layout, pairs, cells, asked.rings)
    if as_json:
        print(json.dumps({"valid": not faults, "faults": faults} | figures, indent=2))
    elif faults:
        for fault in faults:
            print(f"fault: {fault}")
    elif not quiet:
        print(f"{paths}: the paths of all {cells.shape[1]} agents are right")
        _tell_costs(figures)
    if faults:
        raise typer.Exit(UNSOLVED)


def _check_place(out: Path) -> None:
    from layouts import LayoutError

    if out.is_dir() or not out.absolute().parent.is_dir():
        raise LayoutError(f"{out}: cannot be written; name a file in a folder that is there")


def _outcome_text(figures: dict[str, Any], reason: str) -> str:
    agents = f"{figures['agents']} agents on {figures['map']}"
    text = {
        "optimal": f"{agents}: solved, and proved to be the cheapest",
        "solved": f"{agents}: solved",
        "unsolvable": f"{agents}: proved to have no solution",
        "unfinished": f"{agents}: not solved; give it more time",
    }[figures["outcome"]]
    return f"{text} ({reason})" if reason else text


def _tell(figures: dict[str, Any], reason: str) -> None:
    print(_outcome_text(figures, reason))
    if figures["solved"]:
        _tell_costs(figures)
        print(
            f"  first solution  {figures['first_s']:.2f} s (CPU {figures['first_cpu_s']:.2f} s), "
            f"sum of loss {figures['first_loss_ratio']:.3f} x bound"
        )
    print(
        f"  in all          {figures['time_s']:.2f} s (CPU {figures['cpu_s']:.2f} s), "
        f"{figures['iterations']:,} iterations"
    )


def _tell_costs(figures: dict[str, Any]) -> None:
    for label, key in (("makespan", "makespan"), ("sum of costs", "sum_of_costs"),
                       ("sum of loss", "sum_of_loss")):  # fmt: skip
        bound = figures["makespan_lower_bound" if key == "makespan" else "lower_bound"]
        print(f"  {label:<15} {figures[key]:,}, {figures[key + '_ratio']:.3f} x bound {bound:,}")

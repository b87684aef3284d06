"""`gridfleet bench lifelong`: tasks a step of a planner on any floor."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.bench.options import Guidance
from gridfleet.cli.bench.steps_bar import StepsBar
from gridfleet.cli.compiling import tell_of_compiling
from gridfleet.cli.errors import reported

if TYPE_CHECKING:
    from gridfleet.bench.lifelong import Lifelong, LifelongResult

INTERRUPTED = 130


def lifelong(
    layout: Annotated[str, typer.Argument(help="Ready floor or a floor file.")],
    units: Annotated[int, typer.Option(help="Units.")],
    steps: Annotated[int, typer.Option(help="Steps to run.")],
    no_turning: Annotated[
        bool, typer.Option("--no-turning", help="Units drive to any side, as in most papers.")
    ] = False,
    goals: Annotated[
        str, typer.Option(help="uniform over endpoints, or alternate with workstations.")
    ] = "uniform",
    guidance: Guidance = "none",
    planner: Annotated[
        str, typer.Option(help="pibt, epibt, windowed, or auto for what suits floor and fleet.")
    ] = "auto",
    depth: Annotated[
        int, typer.Option(help="epibt: steps of an operation, 3 to 6; more are better and slower.")
    ] = 3,
    improvements: Annotated[
        int,
        typer.Option(help="epibt, windowed: attempts in each step to better the plan."),
    ] = 0,
    max_working: Annotated[
        int | None,
        typer.Option(
            help="Units that get errands; the others stand parked. How many a floor carries with "
            "motion, `gridfleet simulate` says. [default: all, as in papers]"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of starts, goals and planner.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Give every unit one goal after the other, and count.

    \b
    As in papers on layouts and guidance:
      gridfleet bench lifelong kiva.json --units 100 --steps 1000 --no-turning --goals alternate

    Endpoints are the floor's own, else storage cells, else all open floor. There is no clock: the
    same seed has the same result. Exit codes: 0 success, 2 bad usage or input, 130 Ctrl-C.
    """
    with reported():
        from gridfleet.bench.lifelong import Lifelong, run_lifelong
        from gridfleet.bench.search import Search
        from layouts import load

        search = Search(depth, improvements)
        wanted = Lifelong(
            units, steps, not no_turning, goals, guidance, planner, seed, search,
            max_working,
        )  # fmt: skip
        floor = load(layout)
        tell_of_compiling(quiet)
        with StepsBar(steps, "steps", quiet) as bar:
            result = run_lifelong(floor, wanted, bar)
    figures = _figures(floor.name, wanted, result)
    print(json.dumps(figures, indent=2) if as_json else _text(figures))
    if result.n_steps < steps:
        print(f"interrupted after {result.n_steps:,} of {steps:,} steps", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)


def _figures(name: str, wanted: Lifelong, result: LifelongResult) -> dict[str, Any]:
    import numpy as np

    times = np.array(result.planner_ms or [0.0])
    return {
        "layout": name,
        "units": wanted.units,
        "units_working": result.n_working,
        "turning": wanted.turning,
        "goals": wanted.goals,
        "planner": result.planner.name,
        "planner_why": result.planner.why,
        "guidance": wanted.guidance,
        "seed": wanted.seed,
        "steps": result.n_steps,
        "tasks": len(result.done_at),
        "tasks_per_step": round(result.rate(), 4),
        "tasks_per_step_second_half": round(result.rate(result.n_steps // 2), 4),
        "longest_wait_steps": result.longest_wait(),
        "invalid_steps": result.n_invalid,
        "planner_ms_median": round(float(np.median(times)), 4),
        "planner_ms_mean": round(float(times.mean()), 4),
        "planner_ms_max": round(float(times.max()), 3),
    }


def _text(figures: dict[str, Any]) -> str:
    from fleet_control.mapf.planner_choice import AS_ASKED

    turning = "turning" if figures["turning"] else "no turning"
    lines = [
        f"{figures['layout']}, {figures['units']:,} units, {figures['planner']}, guidance "
        f"{figures['guidance']}, {turning}, {figures['goals']} goals, {figures['steps']:,} steps",
        f"tasks          {figures['tasks']:,}, {figures['tasks_per_step']:.3f} a step; second half "
        f"{figures['tasks_per_step_second_half']:.3f}",
        f"longest wait   {figures['longest_wait_steps']:,} steps of one unit between two goals",
        f"planner ms     {figures['planner_ms_median']:.2f} median, "
        f"{figures['planner_ms_mean']:.2f} mean, {figures['planner_ms_max']:.1f} at most",
    ]
    parked = figures["units"] - figures["units_working"]
    if parked:
        at_work = figures["units_working"]
        lines.append(f"parked         {parked:,} of {figures['units']:,} units; {at_work:,} work")
    if figures["planner_why"] != AS_ASKED:
        lines.insert(1, f"planner        {figures['planner']}: {figures['planner_why']}")
    if figures["invalid_steps"]:
        lines.append(
            f"invalid        {figures['invalid_steps']:,} steps, in which everybody waited"
        )
    return "\n".join(lines)

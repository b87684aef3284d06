"""`gridfleet bench lorr`: problems of the League of Robot Runners by their own rules."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.bench.options import Guidance
from gridfleet.cli.bench.steps_bar import StepsBar
from gridfleet.cli.compiling import tell_of_compiling
from gridfleet.cli.errors import reported

if TYPE_CHECKING:
    from gridfleet.bench.lorr.check import Findings
    from gridfleet.bench.lorr.record import Record
    from gridfleet.bench.lorr.team import Times
    from gridfleet.bench.search import Search

FAILED, INTERRUPTED = 1, 130
MOST_SHOWN = 20


def lorr(
    problem: Annotated[
        Path | None, typer.Argument(help="JSON of a problem, with its files beside it.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Steps to run; ticks for 2026.")] = None,
    step_ms: Annotated[
        float,
        typer.Option(help="Budget of each call in ms; 0: no clock, and the same result each time."),
    ] = 1000.0,
    planner: Annotated[
        str, typer.Option(help="pibt, epibt, windowed, or auto for what suits floor and fleet.")
    ] = "auto",
    guidance: Guidance = "none",
    depth: Annotated[
        int, typer.Option(help="epibt: steps of an operation, 3 to 6; more are better and slower.")
    ] = 3,
    improvements: Annotated[
        int | None,
        typer.Option(
            help="epibt: attempts in each step to better the plan. "
            "[default: as many as the budget allows, in ticks (2026) two a unit; 0 without a clock]"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the planner.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="File for the result, .json. [default: none is kept]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    check: Annotated[
        Path | None, typer.Option(help="Check this result instead of running anything.")
    ] = None,
    of: Annotated[
        Path | None,
        typer.Option("--problem", help="Problem of the result. [default: the one that it names]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Run a problem of the League of Robot Runners (2023, 2024, 2026), or check a result.

    \b
    With the league's budget of a second a step, and a result in its format:
      gridfleet bench lorr sortation_large_2000.json --steps 1000 --out sortation.json

    \b
    Without a clock, for figures that repeat:
      gridfleet bench lorr random_32_32_20_100.json --steps 500 --step-ms 0 --json

    \b
    Recompute every event of a result from starts, paths and schedule alone:
      gridfleet bench lorr --check sortation.json

    Every full budget that passes before an answer costs a step in which everybody waits. Ctrl-C
    ends a run with a valid result of the steps so far. Rules and formats: docs/bench.md. Exit
    codes: 0 success, 2 bad usage or input, 1 a result that does not hold, 130 Ctrl-C.
    """
    with reported():
        from gridfleet.bench.errors import BenchError
        from gridfleet.bench.search import Search

        if check is not None:
            _check(check, of or problem, as_json)
            return
        chosen = problem or of
        if chosen is None:
            raise BenchError("nothing to run: name a problem (JSON), or a result with --check")
        if steps is None:
            raise BenchError("how long? give --steps N; the problem's file does not say")
        search = Search(depth, improvements)
        _run(chosen, steps, step_ms, planner, guidance, seed, search, out, force, as_json, quiet)


def _run(
    path: Path, steps: int, step_ms: float, planner: str, guidance: str, seed: int, search: Search,
    out: Path | None, force: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    from gridfleet.bench.lorr.output import write_output
    from gridfleet.bench.lorr.play import play
    from gridfleet.bench.lorr.problem import read_problem
    from gridfleet.bench.lorr.run import Rules
    from gridfleet.cli.layouts.targets import check_target

    rules = Rules(steps, step_ms)
    if out is not None:
        check_target(out, (".json",), force)
    problem = read_problem(path)
    counted = "ticks" if problem.edition == 2026 else "steps"
    tell_of_compiling(quiet)
    with StepsBar(steps, counted, quiet) as bar:
        record, times = play(problem, planner, seed, rules, bar, guidance, search)
    if out is not None:
        write_output(record, out)
    figures = _figures(record, times)
    print(json.dumps(figures, indent=2) if as_json else _text(figures, counted))
    if out is not None:
        print(f"result: {out}", file=sys.stderr if as_json else sys.stdout)
    if record.is_partial:
        print(f"interrupted after {record.n_steps:,} of {steps:,} {counted}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)


def _figures(record: Record, times: Times) -> dict[str, Any]:
    """Counts, rates and times of a run; ms are means and maxima of calls."""
    import numpy as np

    n_steps = max(record.n_steps, 1)
    acted = np.bincount(np.concatenate([*record.actual, []]).astype(int), minlength=5)
    shares = acted / max(int(acted.sum()), 1)
    figures: dict[str, Any] = {
        "problem": record.problem.path.stem,
        "edition": record.problem.edition,
        "units": record.problem.n_units,
        "planner": record.planner,
        "planner_why": record.planner_why,
        "guidance": record.guidance,
        "seed": record.seed,
        "step_ms": record.step_ms,
        "steps": record.n_steps,
        "partial": record.is_partial,
        "tasks": record.n_finished,
        "tasks_per_step": round(record.n_finished / n_steps, 4),
        "tasks_per_step_second_half": round(record.late_rate, 4),
        "free_flow_tasks_per_step": record.bounds["freeFlow"],
        "timeouts": record.n_timeouts,
        "planner_errors": len({error[2] for error in record.errors}),
        "schedule_errors": record.n_schedule_errors,
        "share_forward": round(float(shares[0]), 4),
        "share_turns": round(float(shares[1] + shares[2]), 4),
        "share_waits": round(float(shares[3] + shares[4]), 4),
    }
    if "freeFlowNoApproach" in record.bounds:
        figures["no_approach_tasks_per_step"] = record.bounds["freeFlowNoApproach"]
    parts = {
        "call": record.calls_s, "assignment": times.assignment_s, "goals": times.goals_s,
        "planning": times.planning_s,
    }  # fmt: skip
    for name, seconds in parts.items():
        if seconds:
            figures[f"{name}_ms_mean"] = round(float(np.mean(seconds)) * 1e3, 3)
            figures[f"{name}_ms_max"] = round(max(seconds) * 1e3, 3)
    return figures


def _text(figures: dict[str, Any], counted: str) -> str:
    from fleet_control.mapf.planner_choice import AS_ASKED

    one = counted[:-1]
    rate, flow = figures["tasks_per_step"], figures["free_flow_tasks_per_step"]
    share = f" ({100 * rate / flow:.0f} %)" if flow else ""
    lines = [
        f"{figures['problem']} ({figures['edition']}), {figures['units']:,} units, "
        f"{figures['planner']}, guidance {figures['guidance']}, {figures['steps']:,} {counted}",
        f"tasks          {figures['tasks']:,}, {rate:.3f} a {one}; second half "
        f"{figures['tasks_per_step_second_half']:.3f}",
        f"free flow      {flow:.3f} a {one} if nobody ever waited{share}",
    ]
    if figures["planner_why"] != AS_ASKED:
        lines.insert(1, f"planner        {figures['planner']}: {figures['planner_why']}")
    if "no_approach_tasks_per_step" in figures:
        lines.append(
            f"               {figures['no_approach_tasks_per_step']:.3f} if every task began where "
            "a unit stands"
        )
    lines += [
        f"units          drive {100 * figures['share_forward']:.1f} %, turn "
        f"{100 * figures['share_turns']:.1f} %, wait {100 * figures['share_waits']:.1f} %",
        f"lost           {figures['timeouts']:,} {counted} to timeouts, "
        f"{figures['planner_errors']:,} with invalid actions, "
        f"{figures['schedule_errors']:,} errors of the schedule",
    ]
    if "call_ms_mean" in figures:
        mean, most = figures["call_ms_mean"], figures["call_ms_max"]
        lines.append(f"ms a call      {mean:.1f} on average, {most:.1f} at most")
    return "\n".join(lines)


def _check(path: Path, problem: Path | None, as_json: bool) -> None:
    from gridfleet.bench.lorr.check import check_output, problem_of, read_output

    table = read_output(path)
    found = check_output(table, problem_of(path, table, problem))
    print(json.dumps(_findings(found), indent=2) if as_json else _told(found))
    if found.faults:
        raise typer.Exit(FAILED)


def _findings(found: Findings) -> dict[str, Any]:
    return {
        "valid": not found.faults,
        "faults": found.faults,
        "steps": found.n_steps,
        "tasks": found.n_finished,
        "events": found.n_events,
        "timeouts": found.n_timeouts,
    }


def _told(found: Findings) -> str:
    counts = f"{found.n_steps:,} steps, {found.n_finished:,} tasks, {found.n_events:,} events"
    if not found.faults:
        return f"valid: {counts} recomputed from starts, paths and schedule"
    shown = [f"  {fault}" for fault in found.faults[:MOST_SHOWN]]
    if len(found.faults) > MOST_SHOWN:
        shown.append(f"  and {len(found.faults) - MOST_SHOWN} more")
    return "\n".join([f"does not hold ({counts} as recomputed):", *shown])

"""`gridfleet torture`: random floors and faults by seed, judged by the oracle."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridfleet.cli.interrupt import StopOnInterrupt

if TYPE_CHECKING:
    from gridfleet.torture.campaign import Run
    from gridfleet.torture.result import CaseResult, Tally

FAILED, INTERRUPTED = 1, 130
MOST_TOLD = 8
"""Violations told of one seed, and seeds told of; the first ones cause the rest."""
REFRESH_S = 0.1
MOST_SPEED = 50.0
WIRE_WORKERS = 2
"""Cases over the wire at once for each processor: they wait for real time more than they count."""


def torture(
    seeds: Annotated[int, typer.Option(min=1, help="How many cases to run.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The first seed; a case for each.")] = 0,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes; 0 for as many as pay.", show_default=False)
    ] = 0,
    wire: Annotated[
        bool, typer.Option("--wire", help="Over real sockets, with processes that are killed.")
    ] = False,
    speed: Annotated[
        float | None,
        typer.Option(help="With --wire: so many times faster than real time.", show_default=False),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(help="With --wire: keep the folders of all cases there.", metavar="DIR"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Run small random floors under faults and look for anything that must never happen.

    Every seed is a floor, a fleet, orders and faults of its own, the same every time. An oracle
    that shares no code with the controller checks what units hold, that no bodies overlap, that
    every order line is done exactly once, and that work goes on once the faults are over.

    \b
    A thousand cases, and one of them again by itself:
      gridfleet torture --seeds 1000
      gridfleet torture --seeds 1 --seed 417

    \b
    The same over real sockets (docs/chaos.md): controller and emulated units are processes that are
    killed and frozen, their links are cut and noisy:
      gridfleet torture --wire --seeds 50

    Ctrl-C ends it with the result so far. Exit codes: 0 nothing found, 1 something found, 2 bad
    usage, 130 Ctrl-C.
    """
    from fleet_control.processors import usable_processors
    from gridfleet.torture.campaign import run_campaign

    run, default = None, 0
    if wire:
        run, default = _over_wire(speed, keep), WIRE_WORKERS * usable_processors()
    elif (speed, keep) != (None, None):
        raise typer.BadParameter("--speed and --keep are for --wire")
    wanted = range(seed, seed + seeds)
    with StopOnInterrupt() as stop, _progress(seeds, quiet) as show:
        try:
            tally = run_campaign(wanted, workers or default, show, stop.asked, run)
        except KeyboardInterrupt:
            print("interrupted: no result", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print(json.dumps(tally.as_json(), indent=2))
    else:
        print("\n".join(_say(tally)))
    for failed in tally.failed[:MOST_TOLD]:
        print("\n".join(_say_failed(failed, " --wire" if wire else "")), file=sys.stderr)
    if len(tally.failed) > MOST_TOLD:
        print(f"error: and {len(tally.failed) - MOST_TOLD} seeds more", file=sys.stderr)
    if tally.seeds < seeds:
        raise typer.Exit(INTERRUPTED)
    if tally.failed:
        raise typer.Exit(FAILED)


def _over_wire(speed: float | None, keep: Path | None) -> Run:
    """What runs a case over real sockets; its folder is kept where something was wrong."""
    from gridfleet.torture.wire.commands import ENTRIES
    from gridfleet.torture.wire.run import SPEED, Conditions, run_wire_case

    speed = SPEED if speed is None else speed
    if not 0.0 < speed <= MOST_SPEED:
        raise typer.BadParameter(f"give more than 0 and at most {MOST_SPEED:g}", param_hint="speed")
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    conditions = Conditions(ENTRIES, speed, folder=keep, keeps=keep is not None)
    return partial(run_wire_case, conditions=conditions)


def _say(tally: Tally) -> Iterator[str]:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(tally.faults.items()))
    yield f"seeds          {tally.seeds:,} ({tally.sim_s / 3600:,.1f} simulated hours)"
    yield f"faults         {sum(tally.faults.values()):,}" + (f": {kinds}" if kinds else "")
    yield f"overlaps       {tally.overlaps:,}"
    yield f"lost tasks     {tally.lost_tasks:,}"
    yield f"doubled tasks  {tally.doubled_tasks:,}"
    yield f"stuck          {tally.stuck:,}"
    yield f"other faults of the controller {tally.others:,}"


def _say_failed(failed: CaseResult, how: str) -> Iterator[str]:
    for violation in failed.violations[:MOST_TOLD]:
        yield f"error: seed {failed.seed}: {violation}"
    if len(failed.violations) > MOST_TOLD:
        yield f"error: seed {failed.seed}: and {len(failed.violations) - MOST_TOLD} more"
    if failed.folder:
        yield f"error: seed {failed.seed}: journal, logs and truth are in {failed.folder}"
    yield f"error: run it again alone: gridfleet torture{how} --seeds 1 --seed {failed.seed}"


@contextmanager
def _progress(n_seeds: int, is_quiet: bool) -> Iterator[Callable[[Tally], None]]:
    """What to call with the sum so far: a live line on a terminal, or else nothing."""
    if is_quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from gridfleet.cli.progress import make_bar

    shown_s = 0.0
    with make_bar() as bar:
        task = bar.add_task("preparing", total=n_seeds)

        def show(tally: Tally) -> None:
            nonlocal shown_s
            now_s = time.perf_counter()
            if now_s - shown_s >= REFRESH_S or tally.seeds == n_seeds:
                shown_s = now_s
                told = f"{tally.seeds:,} of {n_seeds:,} seeds  {len(tally.failed):,} with faults"
                bar.update(task, completed=tally.seeds, description=told)

        yield show

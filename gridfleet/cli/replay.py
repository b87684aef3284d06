"""`gridfleet replay`: decide on all journalled inputs again, and compare."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported

if TYPE_CHECKING:
    from gridfleet.journalled import Replayed

DIFFERS, DAMAGED = 1, 2


def replay(
    journal: Annotated[
        Path, typer.Argument(help="File that simulate --journal, or serve, has made.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Run the controller again on the journalled inputs, and confirm every decision.

    \b
    Nothing in the journal is changed, and it may be of a run that is under way:
      gridfleet replay run.journal

    The first decision that differs is printed: cycle, time, and which unit, step and cell.
    Exit codes: 0 all decisions are the same, 1 one differs, 2 no journal, or only a part of it can
    be read.
    """
    with reported():
        from gridfleet.journalled import replay_run

        found = replay_run(journal)
    figures = _figures(found)
    if as_json:
        print(json.dumps(figures, indent=2))
    else:
        _tell(journal, found)
    if found.outcome.difference:
        raise typer.Exit(DIFFERS)
    if found.outcome.damage:
        raise typer.Exit(DAMAGED)


def _figures(found: Replayed) -> dict[str, Any]:
    outcome = found.outcome
    return {
        "decisions": outcome.n_cycles,
        "same": not outcome.difference,
        "until_s": round(outcome.time_s, 3),
        "finished": outcome.is_finished,
        "difference": outcome.difference or None,
        "halted": outcome.halted or None,
        "damage": outcome.damage or None,
        "notes": list(found.notes),
    }


def _tell(path: Path, found: Replayed) -> None:
    outcome = found.outcome
    for note in found.notes:
        print(f"note: {note}")
    minutes = int(outcome.time_s // 60)
    until = f"{minutes // 60}:{minutes % 60:02d} h of simulated time"
    if outcome.difference:
        print(f"{path}: {outcome.n_cycles:,} decisions are the same, then one differs:")
        print(outcome.difference)
    else:
        end = "to its end" if outcome.is_finished else "as far as it goes"
        print(f"{path}: all {outcome.n_cycles:,} decisions are the same, {end}, {until}")
    if outcome.halted:
        print(f"on the last input the controller halts, as it did: {outcome.halted}")
    if outcome.damage:
        print(f"error: {outcome.damage}; nothing behind it can be replayed", file=sys.stderr)

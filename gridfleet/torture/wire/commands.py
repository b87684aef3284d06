"""The commands that the processes of a case run, as functions that can be handed to a process.

Imports everything that they need, since this is what the forkserver has ready.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from gridfleet.cli import interrupt, running, summary  # noqa: F401
from gridfleet.cli.emulate import emulate
from gridfleet.cli.serve import serve
from gridfleet.emulator import building, clock, faults, figures, setting  # noqa: F401
from gridfleet.live import logs, serving  # noqa: F401
from gridfleet.torture.wire.entries import Entries

WRONG_SCANS = 0.1


def run_emulator(
    scenario: Path, connect: str, keys: Path, state: Path, truth: str, speed: float,
    fault_file: Path | None,
) -> None:  # fmt: skip
    """`gridfleet emulate`."""
    _call(
        emulate, scenario=scenario, connect=connect, keys=keys, state=state, truth=truth,
        speed=speed, faults=fault_file, wrong_scans=WRONG_SCANS,
    )  # fmt: skip


def run_controller(
    scenario: Path, bind: str, keys: Path, journal: Path, control: str, out: Path, log: Path,
    wire_log: Path, speed: float,
) -> None:  # fmt: skip
    """`gridfleet serve`."""
    _call(
        serve, scenario=scenario, bind=[bind], keys=keys, journal=journal, control=control,
        out=out, log=log, wire_log=wire_log, speed=speed, quiet=True,
    )  # fmt: skip


def _call(command: Callable[..., None], **options: Any) -> None:
    """A command as from a terminal: it ends the process with its exit code."""
    try:
        command(**options)
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


ENTRIES = Entries(run_controller, run_emulator)

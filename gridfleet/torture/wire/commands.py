"""The commands that the processes of a case run, as functions that can be handed to a process.

Imports everything that they need, since this is what the forkserver has ready.
"""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from gridfleet.cli.emulate import emulate
from gridfleet.emulator import building, clock, faults, figures, setting  # noqa: F401


def run_emulator(
    scenario: Path, connect: str, keys: Path, state: Path, truth: str, speed: float,
    fault_file: Path | None,
) -> None:  # fmt: skip
    """`gridfleet emulate`."""
    try:
        emulate(
            scenario=scenario, connect=connect, keys=keys, state=state, truth=truth, speed=speed,
            faults=fault_file, wrong_scans=0.1,
        )  # fmt: skip
    except typer.Exit as ended:
        sys.exit(ended.exit_code)

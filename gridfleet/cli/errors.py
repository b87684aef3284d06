"""Errors for people: one clear message, no traceback, the exit code of the contract."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from layouts import GridfleetError


@contextmanager
def reported() -> Iterator[None]:
    """Print a GridfleetError on stderr, a line per fault, and exit with 2 (bad input).

    A broken safety invariant is no fault of the input: it exits with 1.
    """
    from fleet_control.errors import InvariantError

    try:
        yield
    except GridfleetError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        raise typer.Exit(1 if isinstance(error, InvariantError) else 2) from None

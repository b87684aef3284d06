"""Errors for people: one clear message, no traceback, the exit code of the contract."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from layouts import GridfleetError


@contextmanager
def reported() -> Iterator[None]:
    """Print a GridfleetError on stderr, a line per fault, and exit with 2."""
    try:
        yield
    except GridfleetError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        raise typer.Exit(2) from None

"""Errors of floors. Each names the place (row and column, counted from 1) and the likely cure."""

from __future__ import annotations


class GridfleetError(Exception):
    """Base of every error that gridfleet raises on purpose; its text is meant for people."""


class LayoutError(GridfleetError, ValueError):
    """A floor that cannot be read or used. `faults` lists all of them, one line each."""

    def __init__(self, faults: str | list[str]) -> None:
        self.faults = [faults] if isinstance(faults, str) else list(faults)
        super().__init__("\n".join(self.faults))

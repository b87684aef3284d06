"""Errors of emulated fleets."""

from __future__ import annotations

from layouts import GridfleetError


class EmulatorError(GridfleetError, ValueError):
    """A fleet that cannot be emulated; the text says what to change, one fault a line."""

"""What goes wrong when units are measured."""

from __future__ import annotations

from layouts import GridfleetError


class CalibrationError(GridfleetError, ValueError):
    """A log that no unit can be measured by, or a unit file that is none; the text says why."""

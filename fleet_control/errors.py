"""Errors of the controller."""

from __future__ import annotations

from layouts import GridfleetError


class FleetError(GridfleetError):
    """Something about the fleet or its work that cannot go on; the text says what and the cure."""


class InvariantError(FleetError, RuntimeError):
    """A safety invariant is broken. Nothing more is released; the message is the evidence."""


class CapacityError(FleetError, ValueError):
    """More units than the floor has room for."""

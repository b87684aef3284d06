"""What can be wrong with a journal; every text names the file and the cure."""

from __future__ import annotations

from fleet_control.errors import FleetError


class JournalError(FleetError, ValueError):
    """A journal that cannot be used as asked. Nothing in it has been changed."""


class HeldError(JournalError):
    """Another controller writes to the journal."""


class DamageError(JournalError):
    """Part of the file is not what was written."""


class DivergedError(FleetError, RuntimeError):
    """The same inputs led to another decision than the journal holds. Nothing has been sent."""

"""What an experiment refuses."""

from __future__ import annotations

from layouts import GridfleetError


class ExperimentError(GridfleetError, ValueError):
    """An experiment that cannot be made; the text says what to change."""

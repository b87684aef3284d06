"""What is asked of a search for guidance and cannot be done."""

from __future__ import annotations

from layouts import GridfleetError


class GuidanceError(GridfleetError, ValueError):
    """A search that cannot be run; a line for each fault."""

"""Errors of demand: every fault of a file at once, as far as a person will read."""

from __future__ import annotations

from collections.abc import Sequence

from layouts import GridfleetError

MAX_LISTED = 20


class DemandError(GridfleetError, ValueError):
    """Orders or stock that cannot be used. `faults`: one line each, at most MAX_LISTED of them;
    `n_faults`: how many there are in all."""

    def __init__(self, faults: str | Sequence[str], n_faults: int = 0) -> None:
        lines = [faults] if isinstance(faults, str) else list(faults)
        self.faults = lines[:MAX_LISTED]
        self.n_faults = max(n_faults, len(lines))
        more = self.n_faults - len(self.faults)
        super().__init__("\n".join([*self.faults, *([f"and {more} more faults"] * (more > 0))]))

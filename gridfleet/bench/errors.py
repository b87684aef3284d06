"""What a bench refuses, with place and cure."""

from __future__ import annotations

from layouts import GridfleetError

MOST_FAULTS = 8


class BenchError(GridfleetError, ValueError):
    """Input that a bench cannot run or check. `faults` lists all of them; the text shows a few."""

    def __init__(self, faults: str | list[str]) -> None:
        self.faults = [faults] if isinstance(faults, str) else list(faults)
        shown = self.faults[:MOST_FAULTS]
        if len(self.faults) > MOST_FAULTS:
            shown.append(f"and {len(self.faults) - MOST_FAULTS} more faults of these kinds")
        super().__init__("\n".join(shown))

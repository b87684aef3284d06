"""How hard a planner of operations searches, as benches are told."""

from __future__ import annotations

from dataclasses import dataclass

from gridfleet.bench.errors import BenchError

MIN_DEPTH, MAX_DEPTH = 3, 6
"""In two steps nobody can turn round and go, and a floor stands still. There are
17 operations of three steps, 48 of four, 136 of five and 385 of six."""


@dataclass(frozen=True, slots=True)
class Search:
    """depth: steps of an operation. improvements: chains that are tried in each step, None for as
    many as the clock allows (under rules with ticks two for each unit) and none without a clock."""

    depth: int = 3
    improvements: int | None = None

    def __post_init__(self) -> None:
        if not MIN_DEPTH <= self.depth <= MAX_DEPTH:
            raise BenchError(f"operations of {self.depth} steps; give {MIN_DEPTH} to {MAX_DEPTH}")
        if self.improvements is not None and self.improvements < 0:
            raise BenchError(f"{self.improvements} improvements; give 0 or more")

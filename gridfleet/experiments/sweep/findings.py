"""What a sweep found, of its runs, its points and its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from gridfleet.experiments.comparison import Spread
from gridfleet.experiments.sweep.best import Best
from gridfleet.experiments.sweep.effects import Interaction, ParameterEffect
from gridfleet.experiments.sweep.points import Point

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One replication. jammed: whether it did."""

    point: Point
    seed: int
    figures: Figures
    regime: str
    jammed: bool


@dataclass(frozen=True, slots=True)
class PointFigures:
    """One point. values: of the parameters, by key. n: replications that count. broken: those that
    failed. jams: of n_tried, those that broke on the way included. regime: of most replications, ""
    where there is none."""

    number: int
    values: dict[str, Any]
    n: int
    broken: int
    n_tried: int
    jams: int
    regime: str
    figures: dict[str, Spread]


@dataclass(frozen=True, slots=True)
class Broken:
    """A replication that failed. text: why."""

    point: int
    values: dict[str, Any]
    seed: int
    text: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep found.

    kind, design: of it. measure: that decides, better: which way it does. minutes: of the shortest
    replication, of which warm_up_min are left out. seeds: that the effects are made of. analysed:
    numbers of the points that they are made of. chance_share: of the variance between points.
    best: its row counts in `analysed`; best_point: its number.
    """

    kind: str
    design: str
    work: str
    measure: str
    words: str
    unit: str
    better: int
    confidence: float
    minutes: int
    warm_up_min: int
    is_warm: bool
    replications: int
    is_cut: bool
    seeds: tuple[int, ...]
    analysed: tuple[int, ...]
    parameters: tuple[ParameterEffect, ...]
    interactions: tuple[Interaction, ...]
    chance_share: float | None
    best: Best
    best_point: int
    points: tuple[PointFigures, ...]
    notes: tuple[str, ...]
    broken: tuple[Broken, ...]

    def point(self, number: int) -> PointFigures:
        return self.points[number - 1]

    @property
    def may_be_best(self) -> tuple[int, ...]:
        """Numbers of the points that may be as good as the best."""
        return tuple(self.analysed[row] for row in self.best.others)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.to_builtins(self, enc_hook=lambda value: value.item())
        return {**found, "may_be_best": list(self.may_be_best)}

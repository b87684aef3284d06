"""The figures that a sweep is analysed by: every point with every seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridfleet.experiments.statistics import factors as fit
from gridfleet.experiments.sweep.design import Values
from gridfleet.experiments.sweep.parameters import Parameter

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """What is analysed. points: values of the parameters, by row. values: float64[n_points,
    n_seeds]. better: 1 where more is better, -1 where less is."""

    parameters: tuple[Parameter, ...]
    points: tuple[Values, ...]
    values: Floats
    is_factorial: bool
    confidence: float = 0.95
    better: int = 1

    @property
    def means(self) -> Floats:
        means: Floats = self.values.mean(axis=1)
        return means

    @property
    def total(self) -> float:
        """Sum of squares between points; 0 where rounding is all there is."""
        means = self.means
        squares = float(((means - means.mean()) ** 2).sum())
        return squares if squares > fit.EXACT * float((means**2).sum()) else 0.0

    def column(self, index: int) -> list[Any]:
        return [point[index] for point in self.points]

"""Which points of the space are run: all combinations, or a Latin hypercube.

A Latin hypercube of n samples cuts every range into n slices and puts one sample into each of them
(McKay, Beckman & Conover, Technometrics 21 (1979) 239-245); scipy draws it, and where points are
few exchanges coordinates until they lie evenly. Values are rounded, so that points can coincide;
each is run once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, Literal

import numpy as np
from scipy.stats import qmc

from gridfleet.experiments.sweep.parameters import Parameter

FACTORIAL, LATIN = "factorial", "latin"
DESIGNS = (FACTORIAL, LATIN)
PURPOSE = 0x1A71
"""Key of the stream of designs among all streams of a seed."""
FEW = 200
"""More points than this lie evenly by themselves, and exchanging takes long."""
Values = tuple[Any, ...]
"""Of one point, in the order of the parameters."""


def factorial(parameters: Sequence[Parameter]) -> list[Values]:
    """All combinations of levels, the last parameter varying fastest."""
    return list(product(*(parameter.levels for parameter in parameters)))


def latin_hypercube(parameters: Sequence[Parameter], n_samples: int, seed: int) -> list[Values]:
    """At most so many different points; the same seed gives the same ones."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, PURPOSE])))
    exchange: Literal["random-cd"] | None = "random-cd" if n_samples <= FEW else None
    sampler = qmc.LatinHypercube(len(parameters), optimization=exchange, rng=rng)
    shares = np.minimum(sampler.random(n_samples), np.nextafter(1.0, 0.0))
    columns = [parameter.at(shares[:, index]) for index, parameter in enumerate(parameters)]
    points: list[Values] = []
    for point in zip(*columns, strict=True):
        if point not in points:
            points.append(point)
    return points

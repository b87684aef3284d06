"""What lies on the pods: how heavy each is, and where its centre of gravity is."""

from __future__ import annotations

import numpy as np

from twin.physics.space import Load
from twin.unit_model import Body

LOADS_PURPOSE = 0x10AD5


def draw_loads(body: Body, n_pods: int, seed: int) -> list[Load]:
    """A load for each pod, the same for the same seed and body."""
    rng = np.random.default_rng([LOADS_PURPOSE, seed])
    stock = body.stock_kg * (1.0 + body.stock_spread * rng.standard_normal(n_pods))
    masses = body.pod_kg + np.clip(stock, 0.0, 2.0 * body.stock_kg)
    # The empty pod has its centre in the middle; goods shift it by their share of the mass.
    shares = 1.0 - body.pod_kg / masses
    shifts = body.stock_shift_m * rng.standard_normal((n_pods, 2)) * shares[:, None]
    return [
        Load(mass, (x, y)) for mass, (x, y) in zip(masses.tolist(), shifts.tolist(), strict=True)
    ]

"""Batteries of all units: they drain by the hour and with every metre, and charge on chargers.

Figures are assumed, so that a unit that works all the time needs a charger after some seven hours
of its day and an hour there fills it, as usual for lithium cells of such units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PURPOSE = 0xBA77E
"""Key of this random stream among all streams of a seed."""


@dataclass(frozen=True, slots=True)
class BatteryModel:
    """Shares of a full battery. standing, driving, laden: drained in an hour. charging: gained in
    an hour. least, most: range of the charge at the start, evenly spread over units."""

    standing: float = 0.02
    driving: float = 0.09
    laden: float = 0.12
    charging: float = 1.0
    least: float = 0.7
    most: float = 1.0


class Batteries:
    """charge: float64[n_units], 0 to 1; may be set. A battery never gets quite empty: a unit that
    stands dead in an aisle is what faults are for."""

    EMPTY = 0.02

    def __init__(self, n_units: int, model: BatteryModel, seed: int) -> None:
        self._model = model
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, PURPOSE])))
        self.charge = rng.uniform(model.least, model.most, n_units)

    def pass_time(
        self, seconds: float, units: NDArray[np.void], is_charging: NDArray[np.bool_]
    ) -> None:
        """units: UNIT records. is_charging: bool[n_units], stands on a charger."""
        model, is_driving = self._model, units["speed"] != 0.0
        rates = np.where(units["carried"] >= 0, model.laden, model.driving)
        rates = np.where(is_driving, rates, model.standing)
        change = np.where(is_charging, model.charging, -rates) * (seconds / 3600.0)
        np.clip(self.charge + change, self.EMPTY, 1.0, out=self.charge)

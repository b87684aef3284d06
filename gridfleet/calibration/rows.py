"""One figure of a calibration."""

from __future__ import annotations

from dataclasses import dataclass

LOADS = ("empty", "laden")
Z95 = 1.96


@dataclass(frozen=True, slots=True)
class Fitted:
    """name: with load. commanded, value: of the unit model, and as measured. error: standard error;
    0 where the figure is kept as commanded, and `why` says so. n_legs: that it rests on."""

    name: str
    unit: str
    commanded: float
    value: float
    error: float
    n_legs: int
    why: str = ""

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 %; None for a figure that was not measured."""
        if self.why:
            return None
        return self.value - Z95 * self.error, self.value + Z95 * self.error


def kept(name: str, unit: str, commanded: float, n_legs: int, why: str) -> Fitted:
    """A figure that could not be measured."""
    return Fitted(name, unit, commanded, commanded, 0.0, n_legs, f"{why}; kept as commanded")

"""A simulated link: seeded, on the virtual clock, as bad as it is told to be.

A message may be lost, doubled, late, and overtaken by later ones; each copy has a fate of its own.
What is on its way stays on its way, whatever becomes of sender and receiver. Without any trouble
messages arrive at once, at no cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.link.messages import (
    ACK,
    HELLO,
    INSTANT,
    JOB,
    LINE,
    ORDER,
    STATE,
    TERMINAL,
)

PURPOSE = 0x11CC
"""Key of the link's random streams among all streams of a seed."""
LATE_S = 5.0
"""Messages that are held up arrive up to this much later than others."""
Messages = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Noise:
    """loss, duplicate, reorder: shares of messages, 0 to 1: lost, sent twice, held up for up to
    LATE_S. delay_s: mean of the time on the way, which is exponentially distributed."""

    loss: float = 0.0
    duplicate: float = 0.0
    delay_s: float = 0.0
    reorder: float = 0.0


class Channel:
    """Messages of one kind in one direction. key: name of the field with the endpoint.

    noise: float64[n_endpoints, 4], as in Noise. is_down: bool[n_endpoints].
    """

    def __init__(
        self, dtype: np.dtype[np.void], key: str, rng: np.random.Generator,
        noise: NDArray[np.float64], is_down: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        self._key, self._rng = key, rng
        self._noise, self._is_down = noise, is_down
        self._none = np.empty(0, dtype=dtype)
        self._waiting = self._none
        self._due_s = np.empty(0)

    def carry(self, messages: Messages, now_s: float, is_perfect: bool) -> Messages:
        """Send messages, and return what arrives now, in the order of arrival."""
        if is_perfect and not len(self._waiting):
            return messages
        if len(messages):
            self._put(messages, now_s)
        if not len(self._waiting):
            return self._none
        is_due = self._due_s <= now_s + 1e-9
        if not is_due.any():
            return self._none
        order = np.argsort(self._due_s[is_due], kind="stable")
        arriving: Messages = self._waiting[is_due][order]
        self._waiting, self._due_s = self._waiting[~is_due], self._due_s[~is_due]
        return arriving

    def _put(self, messages: Messages, now_s: float) -> None:
        ends = messages[self._key]
        loss, duplicate, delay_s, reorder = self._noise[ends].T
        draws = self._rng.random((5, 2, len(messages)))
        is_sent = (draws[0] >= loss) & ~self._is_down[ends]
        is_sent[1] &= draws[1, 1] < duplicate
        late_s = -np.log1p(-draws[2]) * delay_s
        late_s += np.where(draws[3] < reorder, draws[4] * LATE_S, 0.0)
        copies, rows = np.nonzero(is_sent)  # the first ones, then the doubled
        if not len(rows):
            return
        # Not by np.concatenate, which takes longer over the fields of records than all the rest.
        n_before = len(self._waiting)
        waiting = np.empty(n_before + len(rows), dtype=self._none.dtype)
        waiting[:n_before], waiting[n_before:] = self._waiting, messages[rows]
        self._waiting = waiting
        self._due_s = np.concatenate([self._due_s, now_s + late_s[copies, rows]])

    def in_flight(self) -> Messages:
        """Messages on their way (simulator only)."""
        return self._waiting


class SimulatedLink:
    """The links of all units and stations to the controller.

    Channels: orders, instants and hellos to units, states from them; jobs and acks to stations,
    terminals and lines from them.
    """

    def __init__(self, n_units: int, n_stations: int, seed: int = 0) -> None:
        self._noise = np.zeros((n_units, 4))
        self._noise_everywhere = np.zeros(4)
        self._is_down = np.zeros(n_units, dtype=bool)
        self._is_down_everywhere = False
        self.is_perfect = self._is_empty = True
        self._of_units = np.zeros((n_units, 4)), np.zeros(n_units, dtype=bool)
        self._of_stations = np.zeros((n_stations, 4)), np.zeros(n_stations, dtype=bool)
        seeds = iter(np.random.SeedSequence([seed, PURPOSE]).spawn(8))
        kinds = (ORDER, INSTANT, HELLO, STATE)
        self.orders, self.instants, self.hellos, self.states = (
            Channel(kind, "unit", _generator(next(seeds)), *self._of_units) for kind in kinds
        )
        kinds = (JOB, ACK, TERMINAL, LINE)
        self.jobs, self.acks, self.terminals, self.lines = (
            Channel(kind, "station", _generator(next(seeds)), *self._of_stations) for kind in kinds
        )

    def set_noise(self, noise: Noise, unit: int = -1) -> None:
        """Trouble of one unit's link, or everywhere (stations too); the worse of both counts."""
        row = self._noise_everywhere if unit < 0 else self._noise[unit]
        row[:] = noise.loss, noise.duplicate, noise.delay_s, noise.reorder
        self._apply()

    def set_down(self, is_down: bool, unit: int = -1) -> None:
        """Whether what one unit, or anybody, sends or is sent from now on gets nowhere."""
        if unit < 0:
            self._is_down_everywhere = is_down
        else:
            self._is_down[unit] = is_down
        self._apply()

    def is_busy(self) -> bool:
        """Whether anything may be on its way to units or stations."""
        if self.is_perfect and not self._is_empty:
            down = (self.orders, self.instants, self.hellos, self.jobs, self.acks)
            self._is_empty = not any(len(channel.in_flight()) for channel in down)
        return not (self.is_perfect and self._is_empty)

    def _apply(self) -> None:
        (noise, is_down), (station_noise, station_down) = self._of_units, self._of_stations
        np.maximum(self._noise, self._noise_everywhere, out=noise)
        is_down[:] = self._is_down | self._is_down_everywhere
        station_noise[:], station_down[:] = self._noise_everywhere, self._is_down_everywhere
        self.is_perfect = not (noise.any() or is_down.any() or station_noise.any())
        self.is_perfect &= not station_down.any()
        self._is_empty = False


def _generator(seed: np.random.SeedSequence) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))

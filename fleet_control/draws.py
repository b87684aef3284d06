"""Random numbers that belong to what they are about: an order line, a parcel, a fault, a cell.

Two runs can be compared draw by draw (common random numbers; Law 2015, Simulation Modeling and
Analysis, ch. 11.2) only where the same number serves the same end in both. A stream from which
whoever comes next takes the next number does not keep that: one line that is picked a little
earlier shifts the numbers of all that follow. Here number k of a stream belongs to entity k,
whoever asks for it, when and how often (docs/decisions/0012-common-random-numbers.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BLOCK = 256
"""Numbers that are drawn at once, from a generator of their own."""


def stream(seed: int, *key: int) -> np.random.Generator:
    """The stream of that key among all streams of the seed. key: a purpose, then entities, all 0 or
    more. Keys of different lengths name different streams."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


class Uniforms:
    """Numbers from 0 up to 1, looked up by entity, which is numbered from 0.

    A snapshot holds no more than the key: the numbers are drawn again.
    """

    def __init__(self, seed: int, *key: int) -> None:
        self._seed, self._key = seed, key
        self._blocks: dict[int, NDArray[np.float64]] = {}

    def of(self, entity: int) -> float:
        block, place = divmod(entity, _BLOCK)
        return float(self._block(block)[place])

    def of_all(self, entities: NDArray[np.integer]) -> NDArray[np.float64]:
        """float64[k], the number of each."""
        blocks, places = np.divmod(entities, _BLOCK)
        found, rows = np.unique(blocks, return_inverse=True)
        if not len(found):
            return np.empty(0)
        numbers = np.array([self._block(block) for block in found.tolist()])
        return np.asarray(numbers[rows, places], dtype=np.float64)

    def _block(self, block: int) -> NDArray[np.float64]:
        found = self._blocks.get(block)
        if found is None:
            found = self._blocks[block] = self._draw(stream(self._seed, *self._key, block))
        return found

    def _draw(self, rng: np.random.Generator) -> NDArray[np.float64]:
        return rng.random(_BLOCK)

    def __getstate__(self) -> tuple[int, tuple[int, ...]]:
        return self._seed, self._key

    def __setstate__(self, state: tuple[int, tuple[int, ...]]) -> None:
        (self._seed, self._key), self._blocks = state, {}


class Normals(Uniforms):
    """The same of the standard normal distribution."""

    def _draw(self, rng: np.random.Generator) -> NDArray[np.float64]:
        return rng.standard_normal(_BLOCK)

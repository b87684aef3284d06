"""Values along one axis as lines of a regular grid: the pitch, and the number of each line.

The pitch is the length of which most other lengths are whole multiples. From the line with the most
values outwards every next line is a whole number of pitches on from the last that fitted, within
TOLERANCE of a pitch: so pitches that are rounded, or a little different at the sides, do not add
up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.25
"""Of a pitch: so far from the middle of a cell a point may lie."""
_MOST_LENGTHS = 100
"""Of different lengths, the most frequent are tried as pitches."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def pitch_of(lengths: Floats) -> float:
    """The largest of those lengths that most of them are multiples of; 0 where there is none."""
    lengths = lengths[lengths > 0.01]
    if not len(lengths):
        return 0.0
    values, counts = np.unique(np.round(lengths, 3), return_counts=True)
    kept = np.argsort(-counts, kind="stable")[:_MOST_LENGTHS]
    tried = np.sort(values[kept])[::-1]
    multiples = values[None, :] / tried[:, None]
    fits = np.abs(multiples - np.round(multiples)) <= TOLERANCE / 2
    fits &= np.round(multiples) > 0
    pitch = float(tried[np.argmax((fits * counts).sum(axis=1))])
    times = np.round(lengths / pitch)
    is_fitting = (np.abs(lengths / pitch - times) <= TOLERANCE / 2) & (times > 0)
    return float(np.round(np.median(lengths[is_fitting] / times[is_fitting]), 6))


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """numbers: int64[n], line of each value. misses: float64[n], how far off it lies, in pitches.
    wanted: float64[n], where it would lie on the line."""

    numbers: Ints
    misses: Floats
    wanted: Floats


def lines_of(values: Floats, pitch: float) -> Lines:
    """Numbers from 0, ascending with the values, at least one."""
    centres, counts, group = _groups(values, TOLERANCE * pitch)
    numbers, misses = np.zeros(len(centres), dtype=np.int64), np.zeros(len(centres))
    wanted = centres.copy()
    start = int(np.argmax(counts))
    for way in (range(start + 1, len(centres)), range(start - 1, -1, -1)):
        fitted, number = centres[start], 0
        for at in way:
            steps = (centres[at] - fitted) / pitch
            numbers[at] = number + round(steps)
            misses[at] = abs(steps - round(steps))
            wanted[at] = fitted + round(steps) * pitch
            if misses[at] <= TOLERANCE:
                fitted, number = centres[at], int(numbers[at])
    numbers -= numbers.min()
    return Lines(numbers[group], misses[group], wanted[group])


def _groups(values: Floats, width: float) -> tuple[Floats, Ints, Ints]:
    """Values less than a width apart together: means, how many, and the group of each value."""
    order = np.argsort(values, kind="stable")
    group = np.zeros(len(values), dtype=np.int64)
    first, number = values[order[0]], 0
    for at in order.tolist():
        if values[at] - first > width:
            first, number = values[at], number + 1
        group[at] = number
    counts = np.bincount(group)
    return np.bincount(group, values) / counts, counts, group

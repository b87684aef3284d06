"""Rectangles of a floor: as a file says them, and as few as cover what must be said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layouts.drawing import nearest
from layouts.geometry import Heading

HEADINGS = {heading.name.lower(): heading for heading in Heading}


class RegionError(ValueError):
    """Rows, columns or headings that mean nothing; the text says what and how to cure it."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of cells with the bits of headings (1 << heading) that hold in it.

    rows and cols are half-open and count from 0.
    """

    rows: slice
    cols: slice
    bits: int = 0


def parse_span(value: int | str | list[int], size: int, word: str) -> slice:
    """Rows or columns as a file gives them, which count from 1. Raises RegionError."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", value)
        if match is None:
            raise RegionError(f"{word} = {value!r}; write 3, [3, 17] or '3-17'")
        ends = [int(match[1]), int(match[2] or match[1])]
    else:
        ends = [value, value] if isinstance(value, int) else value
    if len(ends) != 2 or ends[0] > ends[1]:
        raise RegionError(f"{word} = {value!r}; write 3, [3, 17] or '3-17', the lower end first")
    if ends[0] < 1 or ends[1] > size:
        raise RegionError(f"{word} = {value!r} reach outside the map, which has {size} {word}")
    return slice(ends[0] - 1, ends[1])


def parse_headings(value: str | list[str]) -> list[int]:
    """Headings as a file gives them, ascending. Raises RegionError."""
    words = re.findall(r"[^\s,]+", value) if isinstance(value, str) else value
    if "all" in words:
        return [int(heading) for heading in Heading]
    for word in words:
        if word not in HEADINGS:
            raise RegionError(f"unknown heading {word!r}; {nearest(word, [*HEADINGS, 'all'])}")
    return sorted(int(HEADINGS[word]) for word in set(words))


def span_text(span: slice) -> int | str:
    """Inverse of `parse_span`."""
    first, last = span.start + 1, span.stop
    return int(first) if first == last else f"{first}-{last}"


def headings_text(bits: int) -> str:
    """Inverse of `parse_headings` for bits 1 << heading."""
    names = [heading.name.lower() for heading in Heading if bits >> heading & 1]
    return "all" if len(names) == 4 else " ".join(names)


def cover(
    need: NDArray[np.bool_], must: NDArray[np.uint8], never: NDArray[np.uint8]
) -> list[Region]:
    """Rectangles that together cover every cell of `need`, few but not always fewest.

    All arrays have the shape (n_rows, n_cols). A rectangle carries all `must` bits of its cells and
    none of their `never` bits; it may cover cells outside `need` where these agree. Greedy, in
    reading order: each rectangle grows in both orders of directions, and the larger gain wins.
    """
    grids = (need.tolist(), must.tolist(), never.tolist())
    turned = (need.T.tolist(), must.T.tolist(), never.T.tolist())
    is_open = need.copy()
    found = []
    for row, col in np.argwhere(need).tolist():
        if not is_open[row, col]:
            continue
        wide, deep = _grow(grids, row, col), _grow(turned, col, row)
        tall = Region(deep.cols, deep.rows, deep.bits)
        best = max((wide, tall), key=lambda area: int(is_open[area.rows, area.cols].sum()))
        is_open[best.rows, best.cols] = False
        found.append(best)
    return found


def _grow(
    grids: tuple[list[list[bool]], list[list[int]], list[list[int]]], row: int, col: int
) -> Region:
    """The longest run to the right of the cell that agrees, then as many rows below as agree."""
    need, must, never = grids
    bits = barred = 0
    stop, kept = col, (0, 0)
    for c in range(col, len(need[0])):
        if (bits | must[row][c]) & (barred | never[row][c]):
            break
        bits, barred = bits | must[row][c], barred | never[row][c]
        if need[row][c]:
            stop, kept = c + 1, (bits, barred)
    bits, barred = kept
    end = row + 1
    for r in range(row + 1, len(need)):
        for must_bits, never_bits in zip(must[r][col:stop], never[r][col:stop], strict=True):
            bits, barred = bits | must_bits, barred | never_bits
        if bits & barred:
            break
        if any(need[r][col:stop]):
            end, kept = r + 1, (bits, barred)
    return Region(slice(row, end), slice(col, stop), kept[0])


def cells_in(region: Region, n_cols: int) -> Iterator[int]:
    """Ids of the cells of a rectangle in reading order."""
    for row in range(region.rows.start, region.rows.stop):
        yield from range(row * n_cols + region.cols.start, row * n_cols + region.cols.stop)

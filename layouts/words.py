"""The words for places and numbers of things, for messages and screens."""

from __future__ import annotations

from collections.abc import Sequence

from layouts.drawing import MOST_PLACES
from layouts.geometry import COL_STEP, ROW_STEP
from layouts.layout import Layout


def where(layout: Layout, cells: Sequence[int]) -> str:
    """Cells for people: the place of the first of each patch of neighbours, then how many in all.

    cells: ascending.
    """
    if len(cells) == 1:
        return layout.place(cells[0])
    patches = patches_of(layout, cells)
    if len(patches) > 1:
        firsts = "; ".join(layout.place(patch[0]) for patch in patches[:MOST_PLACES])
        more = "; ..." if len(patches) > MOST_PLACES else ""
        return f"{firsts}{more} ({len(cells)} cells in {len(patches)} places)"
    rows, cols = zip(*map(layout.row_col, cells), strict=True)
    spans = f"{span_words('row', rows)}, {span_words('column', cols)}"
    return f"{layout.place(cells[0])} ({len(cells)} cells in {spans})"


def span_words(word: str, numbers: Sequence[int]) -> str:
    """Rows or columns that count from 0, from the lowest to the highest: "row 4", "rows 4-6"."""
    low, high = min(numbers) + 1, max(numbers) + 1
    return f"{word} {low}" if low == high else f"{word}s {low}-{high}"


def patches_of(layout: Layout, cells: Sequence[int]) -> list[list[int]]:
    """Cells in groups of those that touch along a side, ascending, as are the groups' first."""
    left, patches = set(cells), []
    for cell in sorted(left):
        if cell not in left:
            continue
        left.remove(cell)
        patch = [cell]
        for here in patch:
            beside = [there for there in _around(layout, here) if there in left]
            left.difference_update(beside)
            patch += beside
        patches.append(sorted(patch))
    return patches


def _around(layout: Layout, cell: int) -> list[int]:
    row, col = layout.row_col(cell)
    steps = zip(ROW_STEP, COL_STEP, strict=True)
    return [
        layout.cell(row + down, col + right)
        for down, right in steps
        if 0 <= row + down < layout.n_rows and 0 <= col + right < layout.n_cols
    ]


def named(names: Sequence[str]) -> str:
    """Stations for people: "station 'S1'" or "stations 'S1', 'S2' and 7 more"."""
    told = listed([repr(name) for name in names], MOST_PLACES)
    return f"{'station' if len(names) == 1 else 'stations'} {told}"


def listed(words: Sequence[str], most: int = 0) -> str:
    """ "a", "a and b", "a, b and c". most: told in full, if not 0; of others only how many."""
    if 0 < most < len(words):
        words = [*words[:most], f"{len(words) - most:,} more"]
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def count(number: int, word: str) -> str:
    """ "1 cell", "2 cells"."""
    return f"{number:,} {word}" + ("" if number == 1 else "s")

"""What all drawn maps share: reading text files, and faults of rows and characters by place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layouts.errors import LayoutError

MOST_PLACES = 5
"""A character that is wrong everywhere is one mistake: so many of its places are listed."""


def read_text(path: Path) -> str:
    """The whole file, with line ends as line feeds. Raises LayoutError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise LayoutError(
            f"{path}: byte {error.start + 1} is not UTF-8 text; a floor file is plain text"
        ) from None
    except OSError as error:
        raise LayoutError(f"{path}: cannot be read: {error.strerror}") from None
    return text.replace("\r\n", "\n")


def without_blank_end(lines: Sequence[str]) -> list[str]:
    """The lines up to the last one with anything on it."""
    n_lines = len(lines)
    while n_lines and not lines[n_lines - 1].strip():
        n_lines -= 1
    return list(lines[:n_lines])


def size_faults(source: str, rows: Sequence[str], n_rows: int, n_cols: int) -> list[str]:
    """Rows that are missing, too many, too short or too long for the size that a header gives."""
    faults = [
        f"{source}: row {row} has {len(text)} cells, not {n_cols} as the header says"
        for row, text in enumerate(rows[:n_rows], start=1)
        if len(text) != n_cols
    ]
    if len(rows) != n_rows:
        cure = "is the file cut off?" if len(rows) < n_rows else "correct the header"
        faults.append(f"{source}: {len(rows)} rows, not {n_rows} as the header says; {cure}")
    return faults


def ragged_faults(source: str, rows: Sequence[str]) -> list[str]:
    """Rows that are not as long as most are."""
    if not rows:
        return []
    usual = Counter(map(len, rows)).most_common(1)[0][0]
    return [
        f"{source}: row {row} has {len(text)} cells, most rows have {usual}; make them equally long"
        for row, text in enumerate(rows, start=1)
        if len(text) != usual
    ]


def strange_faults(source: str, rows: Sequence[str], known: Container[str], cure: str) -> list[str]:
    """Characters that are not known, each with its first places."""
    counts: Counter[str] = Counter()
    faults = []
    for row, text in enumerate(rows, start=1):
        if all(char in known for char in set(text)):
            continue
        for col, char in enumerate(text, start=1):
            if char not in known:
                counts[char] += 1
                if counts[char] <= MOST_PLACES:
                    told = f"{source}: row {row}, column {col}: unknown character {char!r}"
                    faults.append(f"{told}; {'take the blank away' if char == ' ' else cure}")
    faults += [
        f"{source}: {n - MOST_PLACES} more cells hold the unknown character {char!r}"
        for char, n in counts.items()
        if n > MOST_PLACES
    ]
    return faults


def shortened(faults: list[str], source: str, what: str) -> list[str]:
    """The first faults of many of one sort, and how many more there are. what: in the plural."""
    n_more = len(faults) - MOST_PLACES
    return [*faults[:MOST_PLACES], f"{source}: {n_more} more {what}"] if n_more > 0 else faults


def characters(rows: Sequence[str]) -> NDArray[np.str_]:
    """The drawing as single characters. Shape (n_rows, n_cols); rows must be equally long."""
    return np.array([list(text) for text in rows], dtype="<U1").reshape(len(rows), -1)


def nearest(word: str, known: Sequence[str], what: str = "use one of") -> str:
    """The cure for an unknown word: the nearest known one, or all of them."""
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"{what} {', '.join(known)}"

"""What reading a file of another program gives: the floor, and what else the file says."""

from __future__ import annotations

from typing import NamedTuple

from layouts.layout import Layout


class Imported(NamedTuple):
    """notes: what reading changed or left out, a phrase each."""

    layout: Layout
    notes: tuple[str, ...] = ()

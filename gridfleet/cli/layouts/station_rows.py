"""Rows of stations as the command line says them: south:8, north:4:stow:3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from layouts import Layout, LayoutError
from layouts.generate import StationRow

_Figures = TypeVar("_Figures")


def with_rows(
    figures_of: Callable[..., _Figures], make: Callable[[_Figures], Layout],
    figures: dict[str, Any], texts: list[str] | None, kind: str,
) -> Layout:  # fmt: skip
    """The floor of the figures and rows; None: the generator's own rows. kind: of rows that do not
    say it. Raises LayoutError with the faults of both together."""
    faults: list[str] = []
    rows = tuple(row for text in texts or () if (row := _row(text, kind, faults)) is not None)
    if texts and (rows or not faults):
        figures = figures | {"stations": rows}
    try:
        layout = make(figures_of(**figures))
    except LayoutError as error:
        raise LayoutError(faults + error.faults) from None
    if faults:
        raise LayoutError(faults)
    return layout


def _row(text: str, kind: str, faults: list[str]) -> StationRow | None:
    side, *rest = text.split(":")
    numbers = [rest[0], *rest[2:]] if rest else [""]
    if len(rest) > 4 or not all(number.strip().isdecimal() for number in numbers):
        faults.append(
            f"--stations {text!r}: write SIDE:COUNT[:KIND[:QUEUE[:SPACING]]] with whole numbers, "
            f"such as south:8 or north:4:{kind}:3"
        )
        return None
    values = [int(number) for number in numbers]
    names = ("count", "queue", "spacing")
    more: dict[str, Any] = dict(zip(names, values, strict=False))
    return StationRow(side.strip(), kind=rest[1].strip() if len(rest) > 1 else kind, **more)

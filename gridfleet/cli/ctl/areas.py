"""`gridfleet ctl` close, open, block, unblock."""

from __future__ import annotations

from typing import Annotated

import typer

from gridfleet.cli.ctl.asking import DEFAULT, As, AsJson, Connect, Keys, Timeout, Where, ask
from gridfleet.cli.errors import reported

Name = Annotated[str, typer.Argument(help="Name of the area, or of a zone of the floor.")]
Cells = Annotated[
    list[str],
    typer.Argument(
        help="ROW,COLUMN or ROW,COLUMN:ROW,COLUMN for a rectangle, counted from 1 at the top left."
    ),
]


def cells_of(words: list[str]) -> list[tuple[int, int]]:
    """Raises RequestError for all words that are no cells."""
    from gridfleet.live.requests import RequestError

    cells: dict[tuple[int, int], None] = {}
    faults = []
    for word in words:
        try:
            corners = [_corner(part) for part in word.split(":")]
        except ValueError:
            corners = []
        if len(corners) not in (1, 2):
            faults.append(f"{word!r} is no cell; write ROW,COLUMN or ROW,COLUMN:ROW,COLUMN")
            continue
        (row, col), (last_row, last_col) = corners[0], corners[-1]
        for r in range(min(row, last_row), max(row, last_row) + 1):
            for c in range(min(col, last_col), max(col, last_col) + 1):
                cells[r, c] = None
    if faults:
        raise RequestError("\n".join(faults))
    return list(cells)


def _corner(text: str) -> tuple[int, int]:
    row, col = text.split(",")
    return int(row), int(col)


def close(
    name: Name,
    cells: Annotated[
        list[str] | None,
        typer.Argument(help="ROW,COLUMN or ROW,COLUMN:ROW,COLUMN; none for the zone of that name."),
    ] = None,
    speed_m_s: Annotated[float, typer.Option(help="Limit around the area, 0 for none.")] = 0.0,
    margin: Annotated[int, typer.Option(help="Cells around it in which the limit holds.")] = 2,
    connect: Connect = DEFAULT, keys: Keys = None, operator: As = "", timeout: Timeout = 10.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Close an area: units in it leave, nobody enters. This is no safety function.

    \b
      gridfleet ctl close aisle-3 4,3:9,3 --speed-m-s 0.5

    It is empty when `gridfleet ctl status` names no unit inside any more.
    """
    with reported():
        fields = {"cells": cells_of(cells or []), "speed_m_s": speed_m_s, "margin": margin}
    where = Where(connect, keys, operator, as_json, timeout)
    told = f"{name} is being closed; gridfleet ctl status tells which units are still inside"
    ask(where, told, "close", name=name, **fields)


def open_area(
    name: Name, connect: Connect = DEFAULT, keys: Keys = None, operator: As = "",
    timeout: Timeout = 10.0, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Open an area again."""
    ask(Where(connect, keys, operator, as_json, timeout), f"{name} is open", "open", name=name)


def block(
    cells: Cells, connect: Connect = DEFAULT, keys: Keys = None, operator: As = "",
    timeout: Timeout = 10.0, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that something lies on these cells: nobody drives there."""
    with reported():
        found = cells_of(cells)
    where = Where(connect, keys, operator, as_json, timeout)
    ask(where, f"{len(found)} cells are blocked", "block", cells=found)


def unblock(
    cells: Cells, connect: Connect = DEFAULT, keys: Keys = None, operator: As = "",
    timeout: Timeout = 10.0, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that nothing lies there any more, also where units saw something."""
    with reported():
        found = cells_of(cells)
    where = Where(connect, keys, operator, as_json, timeout)
    ask(where, f"{len(found)} cells are free", "unblock", cells=found)

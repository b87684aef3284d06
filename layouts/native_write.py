"""A floor as the text of a native file: as much as can be drawn, the rest in few tables.

The text is read back before it is handed out, so what `native_text` returns is equal to the floor
in every array and field. Left out: `source`, which is where a floor came from.
"""

from __future__ import annotations

from itertools import chain
from string import ascii_letters, digits
from typing import Any

import numpy as np
import tomli_w
from numpy.typing import NDArray

from layouts.errors import LayoutError
from layouts.layout import CellKind, Layout, Station, StationKind, open_layout
from layouts.legend import LEGEND, WORDS, Meaning
from layouts.native import FORMAT, parse_native
from layouts.native_exits import BITS, exit_tables, rectangle, square
from layouts.native_stations import default_names
from layouts.queues import facing_of, queue_of, restrict_exits
from layouts.regions import cover, headings_text

_CHARS = {WORDS[word]: char for char, word in LEGEND.items()}
_WORDS_OF = {meaning: word for word, meaning in WORDS.items()}
_SPARE = [char for char in chain(ascii_letters, digits) if char not in LEGEND]


def native_text(layout: Layout) -> str:
    """The floor file. Raises LayoutError for a floor that reading would refuse."""
    drawing = _meanings(layout)
    chars = _characters(drawing)
    drawn = [chars[meaning] for meaning in drawing]
    rows = [
        "".join(drawn[start : start + layout.n_cols])
        for start in range(0, layout.n_cells, layout.n_cols)
    ]
    table: dict[str, Any] = {"format": FORMAT, "name": layout.name}
    if layout.description:
        table["description"] = layout.description
    table["cell_size_m"] = float(layout.cell_size_m)
    if layout.wall_gap_m:
        table["wall_gap_m"] = float(layout.wall_gap_m)
    if layout.recommended_units:
        table["recommended_units"] = int(layout.recommended_units)
    table["map"] = "\n".join(rows) + "\n"
    optional = {
        "legend": _legend(chars),
        "stations": _station_tables(layout, drawing),
        **exit_tables(layout, drawing),
        "edge_costs": _cost_tables(layout),
        "zones": _zone_tables(layout, drawing),
    }
    table |= {key: value for key, value in optional.items() if value}
    text = tomli_w.dumps(table, multiline_strings=True)
    _check(layout, text)
    return text


def _meanings(layout: Layout) -> list[Meaning]:
    """What the character of every cell has to say."""
    floor = open_layout("", square(layout.kinds, layout))
    is_special = (restrict_exits(floor, floor.exits, layout.stations) != layout.exits).any(axis=1)
    has_one_exit = layout.exits.sum(axis=1) == 1
    is_arrow = (layout.kinds == CellKind.FLOOR) & has_one_exit & is_special
    headings = np.where(is_arrow, layout.exits.argmax(axis=1), -1).tolist()
    stations = {station.cell: station.kind for station in layout.stations}
    zones = _drawn_zones(layout, is_arrow)
    return [
        Meaning(
            CellKind(kind),
            heading,
            stations.get(cell, StationKind.PICK) if kind == CellKind.STATION else StationKind.PICK,
            zones.get(cell, ""),
        )
        for cell, (kind, heading) in enumerate(zip(layout.kinds.tolist(), headings, strict=True))
    ]


def _drawn_zones(layout: Layout, is_arrow: NDArray[np.bool_]) -> dict[int, str]:
    """Zone of each cell that gets a character of its zone: the first zone it is in.

    Only zones without arrows; others, and all of many zones, are written as rectangles.
    """
    found: dict[int, str] = {}
    n_chars = 0
    for name, cells in layout.zones.items():
        ids = np.array(cells, dtype=np.int64)
        kinds = set(layout.kinds[ids].tolist())
        n_chars += len(kinds)
        if n_chars > len(_SPARE) // 2 or not name:
            break
        if not is_arrow[ids].any() and CellKind.STATION not in kinds:
            found |= {cell: name for cell in cells if cell not in found}
    return found


def _characters(drawing: list[Meaning]) -> dict[Meaning, str]:
    """A character for every meaning: the default one, or a spare one that resembles its zone."""
    chars: dict[Meaning, str] = {}
    spare = list(_SPARE)
    for meaning in dict.fromkeys(drawing):
        if meaning in _CHARS:
            chars[meaning] = _CHARS[meaning]
            continue
        wanted = meaning.zone or meaning.station.value
        char = next((c for c in (*wanted, *wanted.swapcase()) if c in spare), spare[0])
        spare.remove(char)
        chars[meaning] = char
    return chars


def _legend(chars: dict[Meaning, str]) -> dict[str, str | dict[str, str]]:
    legend: dict[str, str | dict[str, str]] = {}
    for meaning, char in chars.items():
        if meaning in _CHARS:
            continue
        word = _WORDS_OF[Meaning(meaning.kind, meaning.heading, meaning.station)]
        legend[char] = {"kind": word, "zone": meaning.zone} if meaning.zone else word
    return legend


def _station_tables(layout: Layout, drawing: list[Meaning]) -> list[dict[str, Any]]:
    """One table per station, or none where the drawing says it all."""
    floor = open_layout("", square(layout.kinds, layout))
    drawn = {
        cell: meaning.station
        for cell, meaning in enumerate(drawing)
        if meaning.kind is CellKind.STATION
    }
    names = default_names(drawn)
    tables = [_station_table(floor, station) for station in layout.stations]
    is_plain = [
        table.keys() == {"name", "row", "col"} and names.get(station.cell) == station.name
        for table, station in zip(tables, layout.stations, strict=True)
    ]
    cells = [station.cell for station in layout.stations]
    return [] if all(is_plain) and cells == sorted(cells) else tables


def _station_table(floor: Layout, station: Station) -> dict[str, Any]:
    row, col = floor.row_col(station.cell)
    table: dict[str, Any] = {"name": station.name, "row": row + 1, "col": col + 1}
    if floor.kinds[station.cell] == CellKind.FLOOR:
        table |= {"kind": station.kind.value, "on_lane": True}
    elif station.queue != _chain(floor, station.cell):
        places = (floor.row_col(cell) for cell in station.queue)
        table["queue"] = " ".join(f"{r + 1},{c + 1}" for r, c in places)
    if station.facing != facing_of(floor, station.cell, station.queue):
        table["facing"] = headings_text(1 << station.facing)
    return table


def _chain(floor: Layout, cell: int) -> tuple[int, ...] | None:
    try:
        return queue_of(floor, cell)
    except LayoutError:
        return None


def _cost_tables(layout: Layout) -> list[dict[str, Any]]:
    """Rectangles of equal cost; where there is no exit a cost means nothing and may be covered."""
    costs = square(layout.edge_costs, layout)
    exits = square(layout.exits, layout)
    tables = []
    for cost in np.unique(costs[costs > 0]).tolist():
        is_it = costs == np.float32(cost)
        rows, cols = (np.flatnonzero(is_it.any(axis=axes)) for axes in ((1, 2), (0, 2)))
        box = (slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1))
        must = (is_it[box] * BITS).sum(axis=2).astype(np.uint8)
        never = ((exits[box] & ~is_it[box]) * BITS).sum(axis=2).astype(np.uint8)
        tables += [
            rectangle(region.rows, region.cols, int(rows[0]), int(cols[0]))
            | {"heading": headings_text(region.bits), "cost": float(str(np.float32(cost)))}
            for region in cover(must > 0, must, never)
        ]
    return tables


def _zone_tables(layout: Layout, drawing: list[Meaning]) -> dict[str, list[dict[str, Any]]]:
    """Rectangles of the cells of each zone that the drawing does not say; empty ones by name."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for name, cells in layout.zones.items():
        is_in = np.zeros(layout.n_cells, dtype=bool)
        is_in[np.array(cells, dtype=np.int64)] = True
        is_drawn = np.array([meaning.zone == name for meaning in drawing])
        need, must = is_in & ~is_drawn, is_in.astype(np.uint8)
        never = (~is_in).astype(np.uint8)
        regions = cover(*(square(array, layout) for array in (need, must, never)))
        if regions or not cells:
            tables[name] = [rectangle(region.rows, region.cols) for region in regions]
    return tables


def _check(layout: Layout, text: str) -> None:
    """Raise LayoutError unless the text says this very floor."""
    again = parse_native(text, layout.name or "floor", layout.name)
    arrays = ("kinds", "exits", "edge_costs")
    fields = (
        "name", "n_rows", "n_cols", "stations", "cell_size_m", "zones", "description",
        "recommended_units", "wall_gap_m",
    )  # fmt: skip
    differing = [n for n in arrays if not np.array_equal(getattr(layout, n), getattr(again, n))]
    differing += [name for name in fields if getattr(layout, name) != getattr(again, name)]
    if differing:
        raise LayoutError(
            f"{layout.name}: a floor file cannot say its {', '.join(differing)}; check that every "
            "station stands on a station cell of its own and every queue is drawn"
        )

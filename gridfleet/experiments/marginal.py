"""What one more unit, station or aisle would bring, by running the floor with it.

The changes are made on the floor as it is drawn (layouts.changes) and compared with it in pairs, so
that their values come with intervals. Pods stay as many where an aisle takes their cells, as far as
there is room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from fleet_control.accounting.causes import CAUSES
from gridfleet.brain import lay_groundwork
from gridfleet.demand.placement import pods_to_fill, usable_storage
from gridfleet.experiments.comparison import Comparison
from gridfleet.experiments.replication import Variant, run_one
from gridfleet.experiments.variants import Line, line_up_variants
from gridfleet.lost_capacity import station_sentence
from gridfleet.wiring.choice import SORTATION
from layouts import PICK_STATIONS, Layout, StationKind, save
from layouts.changes import Change, add_station, drop_station, lift_one_way_rules, open_aisles
from layouts.words import listed

UNIT_SHARE = 0.05
"""More units by so much, one at the least: what one of many does drowns in chance."""
AISLES = 2
"""Lines of storage that are tried as aisles."""
FLOORS = "floors"
"""Folder of the floors that are tried, in that of the experiment."""


def line_up_changes(
    layout: str, options: Mapping[str, Any], folder: Path, *, kind: str | None = None,
    as_given: bool = False,
) -> tuple[Line, dict[str, str]]:  # fmt: skip
    """The floor, and each change of it as a variant; and what each change is, by name.

    layout: a floor, a scenario file or the folder of a run. folder: changed floors are saved in it.
    Raises GridfleetError for what cannot be run.
    """
    line = line_up_variants([layout], options, kind=kind, as_given=as_given)
    base = line.variants[0]
    ground = lay_groundwork(base.scenario)
    fixed = msgspec.structs.replace(base.scenario, robots=ground.n_units)
    base = Variant(name=base.name, scenario=fixed, files=base.files)
    n_more = more_units(ground.n_units)
    noun = "unit" if n_more == 1 else "units"
    more = msgspec.structs.replace(fixed, robots=ground.n_units + n_more)
    variants = [base, Variant(name=f"{n_more}-more-{noun}", scenario=more, files=base.files)]
    words = {variants[1].name: f"{n_more} more {noun}"}
    heat = run_one(base.name, fixed).heat[1].astype(np.float64)
    for change in _changes(ground.layout, heat, ground.kind):
        variants.append(_changed(base, ground.layout, change, folder / FLOORS))
        words[change.name] = change.words
    # Demand was pinned to the floor as it is; a note on fleets says nothing here.
    return replace(line, variants=tuple(variants)), words


def more_units(n_units: int) -> int:
    return max(1, round(UNIT_SHARE * n_units))


def _changes(layout: Layout, wait_s: np.ndarray[Any, Any], kind: str) -> Iterator[Change]:
    kinds = (StationKind.INDUCT,) if kind == SORTATION else PICK_STATIONS
    if any(station.kind in kinds for station in layout.stations):
        station = add_station(layout, kinds) or drop_station(layout, kinds)
        if station is not None:
            yield station
    yield from open_aisles(layout, wait_s, AISLES)
    lifted = lift_one_way_rules(layout)
    if lifted is not None:
        yield lifted


def _changed(base: Variant, layout: Layout, change: Change, folder: Path) -> Variant:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.resolve() / f"{change.name}.toml"
    save(replace(change.layout, name=f"{layout.name}-{change.name}"), path)
    scenario = base.scenario
    before, after = len(usable_storage(layout)), len(usable_storage(change.layout))
    stock = scenario.stock
    if before and after != before:
        stock = replace(stock, fill=min(1.0, pods_to_fill(stock, before) / max(after, 1)))
    changed = msgspec.structs.replace(scenario, layout=str(path), stock=stock)
    files = {**base.files, str(path): path.read_bytes()}
    files.pop(scenario.layout, None)
    return Variant(name=change.name, scenario=changed, files=files)


def marginal_rows(found: Comparison, words: Mapping[str, str]) -> list[dict[str, Any]]:
    """A row for each change, the most valuable first: what it brings in the deciding figure; of
    units, each of them."""
    rows = []
    sides = {side.name: side for side in found.sides}
    n_units = found.sides[0].n_units
    for effect in found.main:
        n_more = sides[effect.variant].n_units - n_units
        each = max(n_more, 1)
        rows.append(
            {
                "change": words[effect.variant],
                "variant": effect.variant,
                "brings": effect.difference.mean / each,
                "low": _over(effect.difference.low, each),
                "high": _over(effect.difference.high, each),
                "percent": effect.percent.mean / each if effect.percent else None,
                "is_sure": effect.is_sure,
                "a_unit": n_more > 0,
            }
        )
    return sorted(rows, key=lambda row: -row["brings"])


def _over(value: float | None, each: int) -> float | None:
    return None if value is None else value / each


def marginal_verdict(rows: list[dict[str, Any]], found: Comparison) -> str:
    """What brings most, in a sentence."""
    name = found.sides[0].name
    words = found.main[0].words if found.main else found.measure
    sure = [row for row in rows if row["is_sure"] and row["brings"] > 0.0]
    if not sure:
        tried = listed([row["change"] for row in rows])
        return f"Nothing that was tried on {name} surely brings more {words}: {tried}."
    best = sure[0]
    each = " each" if best["a_unit"] else ""
    between = f"{best['low']:+,.1f} to {best['high']:+,.1f}, {found.confidence:.0%} sure"
    return (
        f"Most on {name} is to be had from {best['change']}: {best['brings']:+,.1f} {words}{each} "
        f"({between})."
    )


def losses(found: Comparison) -> str:
    """Where the station time of the floor as it is went, on average; "" without stations."""
    figures = found.sides[0].figures
    shares = {
        cause: figures[f"station_{cause}"].mean / 100.0
        for cause in CAUSES
        if f"station_{cause}" in figures
    }
    if not any(shares.values()):
        return ""
    return station_sentence(shares, is_sorting=found.work == "parcels")

"""Figures of lost capacity: whole, documented, told in words; refused where they do not add up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_runs as runs

from fleet_control.accounting.causes import CAUSES
from fleet_control.accounting.ticks import TICKS_PER_S, ticks
from fleet_control.accounting.unit_ledger import UnitUse
from fleet_control.errors import InvariantError
from gridfleet.cli.summary import table
from gridfleet.kpis import kpis
from gridfleet.lost_capacity import LOSSES, ROOTS, USES, sentence
from gridfleet.record import RunRecord
from gridfleet.report.lost_section import CAUSES as CAUSE_WORDS
from gridfleet.report.lost_section import USES as USE_WORDS
from gridfleet.report.lost_section import lost_section

KINDS = {
    "picking": runs.picking, "sorting": runs.sorting, "errands": runs.errands,
    "troubled": runs.troubled,
}  # fmt: skip


@pytest.fixture(params=KINDS)
def record(request: pytest.FixtureRequest) -> RunRecord:
    return KINDS[request.param]()


def tables(lost: dict[str, Any]) -> Iterator[tuple[dict[str, Any], float]]:
    """Every table of parts, and the seconds that they are parts of."""
    stations, units = lost["stations"], lost["units"]
    yield units["uses"], units["seconds"]
    yield units["waiting_for"], units["uses"]["waiting"]["seconds"]
    if stations is not None:
        yield stations["causes"], stations["seconds"]
        n_stations = len(stations["rows"])
        for row in stations["rows"]:
            yield row["causes"], stations["seconds"] / n_stations


def test_all_columns_add_up_as_they_are_written(record: RunRecord) -> None:
    lost = kpis(record)["lost_capacity"]
    for parts, total_s in tables(lost):
        written = sum(Decimal(repr(part["seconds"])) for part in parts.values())
        assert written == Decimal(round(total_s * TICKS_PER_S)) / TICKS_PER_S
        assert sum(Decimal(repr(part["share"])) for part in parts.values()) == (total_s > 0)
    assert lost["units"]["seconds"] == pytest.approx(record.n_units * record.sim_s, abs=1e-6)
    if lost["stations"] is not None:
        total_s = len(record.layout.stations) * record.sim_s
        assert lost["stations"]["seconds"] == pytest.approx(total_s, abs=1e-6)


def test_they_refine_the_states(record: RunRecord) -> None:
    figures = kpis(record)
    lost, unit_time = figures["lost_capacity"], figures["unit_time"]
    uses = {use: part["seconds"] for use, part in lost["units"]["uses"].items()}
    for state, parts in (
        ("loaded", ("loaded", "lifting")), ("empty", ("empty",)), ("waiting", ("waiting",)),
        ("queueing", ("queueing", "slot")), ("at_station", ("at_station",)),
        ("idle", ("no_task", "charging", "parked")), ("stopped", ("stopped",)),
    ):  # fmt: skip
        total_s = sum(uses[part] for part in parts)
        assert unit_time[state]["seconds"] == pytest.approx(total_s, abs=1e-3)
    if lost["stations"] is not None:
        picking = lost["stations"]["causes"]["picking"]["seconds"]
        assert figures["station_time"]["picking"]["seconds"] == pytest.approx(picking, abs=1e-3)


def test_units_most_waited_for_come_first_and_are_part_of_all_waiting(record: RunRecord) -> None:
    units = kpis(record)["lost_capacity"]["units"]
    held_up_s = [row["held_up_s"] for row in units["most_waited_for"]]
    assert held_up_s == sorted(held_up_s, reverse=True)
    assert sum(held_up_s) <= units["uses"]["waiting"]["seconds"] + 1e-6
    for row in units["most_waited_for"]:
        assert sum(row["while"].values()) == pytest.approx(1.0 if row["held_up_s"] else 0.0)


def test_an_account_that_does_not_add_up_is_an_error() -> None:
    record = runs.picking()
    assert record.station_causes is not None
    assert record.unit_time is not None
    causes, booked = record.station_causes.copy(), record.unit_time.booked.copy()
    causes[1, 3] += 1
    with pytest.raises(InvariantError, match="station time does not add up"):
        kpis(replace(record, station_causes=causes))
    booked[2, UnitUse.LOADED] -= 1
    with pytest.raises(InvariantError, match="unit time does not add up"):
        kpis(replace(record, unit_time=replace(record.unit_time, booked=booked)))
    rootless = record.unit_time.rootless + np.array([1, 0, 0])
    with pytest.raises(InvariantError, match="somebody's account"):
        kpis(replace(record, unit_time=replace(record.unit_time, rootless=rootless)))


def test_a_run_that_broke_may_have_booked_what_came_after_it() -> None:
    """People finished a line in the cycle that failed."""
    record = replace(runs.picking(), partial=True)
    assert record.station_causes is not None
    causes = record.station_causes.copy()
    causes[0, 0] += ticks(0.1)
    assert kpis(replace(record, station_causes=causes))["lost_capacity"]["stations"] is not None
    causes[0, 0] -= ticks(1.0)
    with pytest.raises(InvariantError):
        kpis(replace(record, station_causes=causes))


def test_what_nobody_kept_is_none() -> None:
    record = replace(runs.picking(), station_causes=None, unit_time=None)
    figures = kpis(record)
    assert figures["lost_capacity"] is None
    assert sentence(figures) == ""
    assert lost_section(figures) is None
    assert "lost capacity" not in table(figures)
    assert kpis(runs.errands())["lost_capacity"]["stations"] is None


def test_the_sentence_names_the_largest_losses() -> None:
    figures = kpis(runs.picking())
    told = sentence(figures)
    parts = dict(figures["lost_capacity"]["stations"]["handling"])
    picking = parts.pop("picking")["share"]
    largest = max(parts, key=lambda cause: parts[cause]["share"])
    assert told.startswith(f"Of 100 station minutes {100 * picking:.0f} went to picking; ")
    share = f"{100 * parts[largest]['share']:.0f}"
    assert f"the largest loss was {LOSSES[largest]} ({share})" in told
    assert told in " ".join(table(figures).split())
    assert "putting parcels on" in sentence(kpis(runs.sorting()))
    assert sentence(kpis(runs.errands())).startswith("Of 100 unit minutes ")


def test_everything_has_words_and_a_definition() -> None:
    assert {"picking", *LOSSES} == set(CAUSES) == set(CAUSE_WORDS)
    assert set(USES) == set(USE_WORDS)
    page = Path(__file__).resolve().parents[1] / "docs" / "kpis.md"
    named = set(re.findall(r"`([a-z0-9_]+)`", page.read_text(encoding="utf-8")))
    lost = kpis(runs.picking())["lost_capacity"]
    keys = {*lost["stations"], *lost["stations"]["rows"][0], *lost["units"]}
    keys |= set(lost["units"]["most_waited_for"][0])
    missing = (keys | set(CAUSES) | set(ROOTS)) - named
    assert not missing, f"docs/kpis.md lacks {missing}"

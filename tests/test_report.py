"""The report page: complete and self-contained for every kind of run, its numbers those of kpis.

How it looks in a browser is tested in test_report_browser.py.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import report_runs as runs

from fleet_control.events import EventKind, EventLog
from gridfleet.demand import DemandSummary
from gridfleet.demand.summary import SERVICE
from gridfleet.kpis import kpis
from gridfleet.record import RunRecord
from gridfleet.report import write_report
from gridfleet.report.charts import open_orders, rate_over_time
from gridfleet.report.fault_section import fault_section
from gridfleet.report.figures import ROWS
from gridfleet.report.floor_map import TRAFFIC, heat_map, outline
from gridfleet.report.page import render
from gridfleet.report.words import distance, duration, number, share, short
from layouts import CellKind, open_layout

KINDS = {
    "picking": runs.picking, "sorting": runs.sorting, "errands": runs.errands,
    "troubled": runs.troubled,
}  # fmt: skip
SECTIONS = {
    "picking": ["throughput", "stations", "units", "lost", "cycle-times", "traffic", "waiting",
                "notes", "figures", "scenario"],
    "sorting": ["throughput", "stations", "units", "lost", "cycle-times", "traffic", "waiting",
                "notes", "figures", "scenario"],
    "errands": ["throughput", "units", "lost", "traffic", "waiting", "notes", "figures",
                "scenario"],
    "troubled": ["throughput", "stations", "units", "lost", "faults", "cycle-times", "traffic",
                 "waiting", "notes", "figures", "scenario"],
}  # fmt: skip
SCENARIO = 'layout = "a & b"\nseed = 3\n'
DEMAND = DemandSummary("week.csv", 9, 3, 5, 2, 8, 2, 4, 1.5, {SERVICE: 2}, {"POST": 2})
VOID = {"meta", "link", "br", "image", "img", "path", "rect", "use"}


class Page(HTMLParser):
    """Sections in order, all text, all addresses, and whether every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sections: list[str] = []
        self.addresses: list[str] = []
        self.unnamed: list[str] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "section":
            self.sections.append(given["id"] or "")
        self.addresses += [given[name] or "" for name in ("src", "href") if name in given]
        if tag == "svg" and not given.get("aria-label"):
            self.unnamed.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@cache
def page_of(record: RunRecord) -> str:
    record = replace(record, demand=DEMAND)
    return render(record, kpis(record), SCENARIO)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_complete_and_needs_nothing_else(kind: str) -> None:
    html = page_of(KINDS[kind]())
    page = Page(html)
    assert page.open == []
    assert page.sections == SECTIONS[kind]
    assert page.unnamed == []
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert "<script" not in html
    assert "url(http" not in html
    assert 'layout = "a & b"' in "".join(page.text)
    assert len(html) < 400_000


@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_are_those_of_the_kpis(kind: str) -> None:
    record = KINDS[kind]()
    figures, words = kpis(record), " ".join("".join(Page(page_of(record)).text).split())
    key = "tasks_per_hour" if kind == "errands" else "lines_per_hour"
    assert f"{figures[key]:,.0f}" in words
    assert str(figures["regime_reason"]) in words
    assert f"{figures['distance_m'] / 1000:,.1f} km" in words
    assert "without a contact" in words
    for _, rows in ROWS:
        for name, label, _ in rows:
            value = figures[name.split(".")[0]]
            assert (name in words and label in words) == (value is not None), name


def test_words_fit_the_work() -> None:
    assert "8 eject stations" in page_of(runs.sorting())
    assert "parcels an hour" in page_of(runs.sorting())
    assert "orders completed" in page_of(runs.picking())
    assert "errands an hour" in page_of(runs.errands())
    assert "sort &lt;&amp;&gt; eject" in page_of(runs.sorting())


def test_what_a_reader_must_not_miss() -> None:
    record = runs.picking()
    assert "ended early" not in page_of(record)
    assert "ended early" in page_of(replace(record, partial=True))
    bad = page_of(replace(record, contacts=2))
    assert "with 2 contacts" in bad
    assert "not valid" in bad
    assert "with 1 contact." in page_of(replace(record, contacts=1))
    parked = page_of(replace(runs.errands(), n_active=6))
    assert "2 more units were parked" in parked


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_ended_at_once_has_a_page(kind: str) -> None:
    record = KINDS[kind]()
    n_stations, n_cells = len(record.layout.stations), record.layout.n_cells
    empty = replace(
        record, sim_s=0.0, partial=True, events=EventLog().columns(),
        unit_time_s=np.zeros((record.n_units, 7)), station_time_s=np.zeros((n_stations, 4)),
        cells_driven=np.zeros(record.n_units, dtype=np.int64), plan_ms=np.empty(0),
        visits=np.zeros(n_cells, dtype=np.int64), wait_s=np.zeros(n_cells),
    )  # fmt: skip
    words = "".join(Page(page_of(empty)).text)
    assert "No unit moved." in words
    assert "too short to tell" in words
    assert "nan" not in words.lower().split()


def test_faults_are_told_as_in_the_figures() -> None:
    record = runs.troubled()
    costs = kpis(record)["fault_costs"]
    words = " ".join("".join(Page(page_of(record)).text).split())
    assert f"The floor did {costs['done']} lines" in words
    assert f"the same run without faults did {costs['done_without_faults']}" in words
    assert f"{costs['unattributed']:,.1f} lines were lost while none counted" in words
    assert "5 faults of 4 kinds happened" in words
    cut_off = [note for note in record.notes if note.startswith("From 0:")]
    assert cut_off
    assert all(note in words for note in cut_off)
    section = fault_section(record)
    assert section is not None
    assert [row[0] for row in section.kinds] == ["close-area", "die", "link-noise", "stop"]
    die = section.faults[1]
    row, col = record.layout.row_col(record.faults[1].cell)
    assert die[:6] == ["die", "3", str(row + 1), str(col + 1), "0:08:00", "3.0 min"]
    assert section.faults[0][1:6] == ["–", "–", "–", "0:00:00", "to the end"]
    for kind in ("close-area", "die", "link-noise", "stop"):
        assert f">{kind}</text>" in section.chart


def test_many_faults_fold_away_and_more_are_not_listed() -> None:
    record = runs.troubled()
    many = tuple(replace(record.faults[3], began_s=240.0 + n, ended_s=math.inf) for n in range(310))
    words = "".join(Page(page_of(replace(record, faults=many))).text)
    assert "The first 300 faults" in words
    assert "All 310 are in kpis.json." in words
    few = "".join(Page(page_of(replace(record, faults=many[:30]))).text)
    assert "Every fault" in few
    alone = replace(record, reference_done_s=None)
    assert "What they cost is not known" in "".join(Page(page_of(alone)).text)
    section = fault_section(alone)
    assert section is not None
    assert section.kinds[0] == ["close-area", "1", "–", "–", "–", "–"]


def test_many_stations_fold_away() -> None:
    record = runs.sorting()
    figures = kpis(record)
    assert "<summary>All" not in render(record, figures, "")
    figures["stations"] *= 3
    assert "<summary>All 30 stations</summary>" in render(record, figures, "")
    figures["stations"] *= 10
    html = render(record, figures, "")
    assert "<summary>The busiest 150 stations</summary>" in html
    assert "All 300 are in kpis.json" in html
    html = html[: html.index('<section id="lost"')]
    assert html.count('<th scope="row">') == 150


def test_the_same_run_gives_the_same_page(tmp_path: Path) -> None:
    record = runs.errands()
    told = replace(record, demand=DEMAND)
    path = write_report(tmp_path, told, kpis(told), SCENARIO)
    assert path.read_text(encoding="utf-8") == page_of(record)


def test_what_became_of_the_order_lines_is_told() -> None:
    words = "".join(Page(page_of(runs.picking())).text)
    assert "week.csv: 9 lines read, 3 orders for 4 SKUs over 1.5 h." in words
    assert "Set aside as service, not goods: 2 lines (POST 2)." in words
    assert kpis(replace(runs.picking(), demand=DEMAND))["demand"]["set_aside"] == {SERVICE: 2}


def test_rates_count_every_event_once() -> None:
    record = runs.picking()
    edges, rates = rate_over_time(record, EventKind.LINE_DONE)
    assert edges[-1] == record.sim_s
    n_lines = (record.events["kind"] == EventKind.LINE_DONE).sum()
    assert (rates * np.diff(edges) / 3600).sum() == pytest.approx(n_lines)


def test_open_orders_end_with_what_is_not_done() -> None:
    figures = kpis(runs.picking())
    times, counts = open_orders(runs.picking())
    assert counts[-1] == figures["orders_placed"] - figures["orders_completed"]
    assert (counts >= 0).all()
    assert (np.diff(times) >= 0).all()


def test_the_outline_of_storage_is_its_border() -> None:
    kinds = np.full((4, 6), CellKind.FLOOR, dtype=np.int8)
    kinds[1:3, 1:4] = CellKind.STORAGE
    path = outline(open_layout("block", kinds))
    assert sorted(re.findall(r"M\d+ \d+[hv]\d+", path)) == ["M1 1h3", "M1 1v2", "M1 3h3", "M4 1v2"]
    kinds[2, 2] = CellKind.FLOOR
    lengths = re.findall(r"[hv](\d+)", outline(open_layout("notch", kinds)))
    assert sum(map(int, lengths)) == 12


def test_the_scale_ends_before_the_crowd() -> None:
    layout = open_layout("row", np.full((1, 200), CellKind.FLOOR, dtype=np.int8))
    values = np.arange(200.0)
    values[-1] = 1e6
    found = heat_map(layout, values, TRAFFIC, "a <b> map")
    assert 190 < found.top < 2e4
    assert "a &lt;b&gt; map" in found.svg
    assert heat_map(layout, np.zeros(200), TRAFFIC, "").top == 0


def test_how_numbers_are_said() -> None:
    assert [share(v) for v in (None, 0.0, 0.001, 0.5, 0.999, 1.0)] == [
        "–", "0%", "<1%", "50%", ">99%", "100%"]  # fmt: skip
    assert [duration(v) for v in (None, 59.6, 300.0, 9000.0)] == ["–", "60 s", "5.0 min", "2.5 h"]
    assert [short(v) for v in (None, 0.123456, 5.0, 1234.5)] == ["–", "0.123", "5", "1,234"]
    assert (number(12345.6), number(1.25, 1)) == ("12,346", "1.2")
    assert (distance(1500.0), distance(25_000.0)) == ("1,500 m", "25.0 km")

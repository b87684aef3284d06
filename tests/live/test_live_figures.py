"""Figures for Prometheus and lines of the log, from a run over the twin."""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_twin import Controller, make_world

from fleet_control.backend import Reports, StationEvent, StationNews
from gridfleet.live.links import BridgeLinks, Buckets
from gridfleet.live.logs import EventLogger, LogError, logging_to
from gridfleet.live.metrics import Metrics, MetricsError, MetricsServer
from hw_bridge.figures import Histogram
from twin.linked import LinkedTwin


class NoLinks:
    def figures(self) -> dict[str, Any]:
        return {}

    def counts(self) -> Mapping[str, Mapping[str, float]]:
        return {"messages_in": {"state": 7}, "messages_refused": {"flood": 2}}

    def histograms(self) -> Mapping[str, Buckets]:
        return {"order_echo": ([("0.1", 3), ("+Inf", 4)], 0.9)}

    def unacknowledged_s(self) -> float:
        return 1.5


def scraped(server: MetricsServer) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as page:
        lines = page.read().decode().splitlines()
    rows = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in rows}


def test_figures_are_served_to_this_machine(tmp_path: Path) -> None:
    metrics = Metrics(NoLinks())
    controller = Controller(tmp_path / "live.journal", make_world(), observers=(metrics,))
    server = MetricsServer(metrics, 0)
    try:
        controller.drive(60.0)
        found = scraped(server)
    finally:
        server.close()
        controller.die()
    run = controller.run
    assert found["gridfleet_cycle_seconds_count"] == run.n_cycles
    assert found['gridfleet_units{condition="working"}'] == 8
    assert found["gridfleet_releases_total"] > 100
    assert found["gridfleet_unacknowledged_seconds"] == 1.5
    assert found['gridfleet_messages_in_total{what="state"}'] == 7
    assert found['gridfleet_order_echo_seconds_bucket{le="0.1"}'] == 3
    assert found["gridfleet_journal_commit_seconds_count"] == run.n_cycles
    assert found["gridfleet_planner_step_seconds_count"] == len(run.brain.planner.step_ms)
    assert found['gridfleet_work{what="orders_placed"}'] > 0
    assert found["gridfleet_held_cells"] >= 8


def test_a_port_that_is_taken_is_told() -> None:
    server = MetricsServer(Metrics(), 0)
    try:
        with pytest.raises(MetricsError, match="choose another with --metrics"):
            MetricsServer(Metrics(), server.port)
    finally:
        server.close()


def test_buckets_add_up() -> None:
    histogram = Histogram((0.1, 1.0))
    for seconds in (0.05, 0.5, 0.6, 7.0):
        histogram.note(seconds)

    class Figures:
        round_trips = echoes = histogram

    class Backend:
        figures = Figures()

    buckets, total = BridgeLinks(Backend()).histograms()["round_trip"]
    assert buckets == [("0.1", 1), ("1.0", 3), ("+Inf", 4)]
    assert total == pytest.approx(8.15)


def test_what_somebody_may_have_to_act_on_is_logged_with_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = LinkedTwin.advance

    def with_news(self: LinkedTwin, until_s: float) -> Reports:
        reports = advance(self, until_s)
        if not 5.0 <= until_s < 5.1:
            return reports
        rows = (np.array([1], np.int32), np.array([StationEvent.WRONG_SKU], np.int8))
        return replace(reports, station_news=StationNews(*rows, rows[0], rows[0]))

    monkeypatch.setattr(LinkedTwin, "advance", with_news)
    path, logger = tmp_path / "fleet.log", EventLogger()
    with logging_to(path):
        controller = Controller(tmp_path / "live.journal", make_world(), observers=(logger,))
        logger.begin(controller.run)
        controller.books.recorder._snapshot_cycles = 7
        controller.drive(20.0)
        logging.getLogger("hw_bridge").warning("refused %s", "flood")
        controller.die()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    scans = [line for line in lines if line["event"] == "scan_refused"]
    assert len(scans) == 1
    assert scans[0]["station"] == controller.books.head.stations[1]
    assert scans[0]["level"] == "warning"
    assert lines[-1]["event"] == "refused flood"
    assert lines[-1]["logger"] == "hw_bridge"
    assert not logging.getLogger("gridfleet").handlers, "handlers are taken off again"


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="choose another with --log"), logging_to(tmp_path):
        pass

"""Figures of a live fleet for Prometheus, on a port of this machine alone.

They are what the loop and the link count anyway; a scrape reads a few hundred numbers in a thread
of its own and holds nothing up.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from fleet_control.supervision.roster import UnitStatus
from gridfleet.live.links import Links
from gridfleet.live.run import CycleNews, LiveRun
from layouts import GridfleetError

if TYPE_CHECKING:
    from gridfleet.live.desk import OperatorDesk

GAUGES_EVERY = 5
"""Cycles between two looks at what takes more than a glance."""
SHORT_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class MetricsError(GridfleetError, OSError):
    """The port cannot be used."""


class Metrics:
    """Implements gridfleet.live.run.Observer. registry: what is served."""

    def __init__(self, links: Links | None = None, desk: OperatorDesk | None = None) -> None:
        self.registry = registry = CollectorRegistry()
        self._links, self._desk = links, desk
        self._n_planned = self._n_overruns = 0
        self._releases = Counter("gridfleet_releases", "Steps released.", registry=registry)
        self._requests = Counter("gridfleet_requests", "Requests to units.", registry=registry)
        self._cycle = _histogram("gridfleet_cycle_seconds", "Taking in to having sent.", registry)
        self._decide = _histogram("gridfleet_decide_seconds", "Deciding.", registry)
        self._commit = _histogram(
            "gridfleet_journal_commit_seconds", "Until it is on disk.", registry
        )
        self._send = _histogram("gridfleet_send_seconds", "Handing over to the link.", registry)
        self._plan = _histogram("gridfleet_planner_step_seconds", "A planning step.", registry)
        self._overruns = Counter(
            "gridfleet_cycle_overruns", "Cycles not over when the next was due.", registry=registry
        )
        self._skipped = Counter("gridfleet_cycles_skipped", "Cycles left out.", registry=registry)
        self._late = Gauge("gridfleet_cycle_late_seconds", "Of the last cycle.", registry=registry)
        self._time = Gauge(
            "gridfleet_fleet_time_seconds", "Since the run began.", registry=registry
        )
        self._epoch = Gauge("gridfleet_epoch", "Of this life of the controller.", registry=registry)
        self._units = Gauge(
            "gridfleet_units", "Units by condition.", ["condition"], registry=registry
        )
        self._held = Gauge("gridfleet_held_cells", "Cells held by units.", registry=registry)
        self._closed = Gauge("gridfleet_closed_cells", "Cells nobody enters.", registry=registry)
        self._unacknowledged = Gauge(
            "gridfleet_unacknowledged_seconds", "Age of the oldest command without an echo.",
            registry=registry,
        )  # fmt: skip
        self._stations = Gauge(
            "gridfleet_stations_closed", "Stations that get no work.", registry=registry
        )
        self._work = Gauge("gridfleet_work", "Done so far.", ["what"], registry=registry)
        self._open_tasks = Gauge("gridfleet_open_tasks", "Without a unit.", registry=registry)
        registry.register(_Passed(self._passed))

    def cycle_done(self, run: LiveRun, news: CycleNews) -> None:
        self._releases.inc(len(news.commands.releases.units))
        self._requests.inc(len(news.commands.requests.units))
        self._cycle.observe(news.decide_s + news.commit_s + news.send_s)
        self._decide.observe(news.decide_s)
        self._commit.observe(news.commit_s)
        self._send.observe(news.send_s)
        self._late.set(news.late_s)
        self._skipped.inc(news.skipped)
        self._overruns.inc(run.n_overruns - self._n_overruns)
        self._n_overruns = run.n_overruns
        self._time.set(news.time_s)
        steps_ms = run.brain.planner.step_ms
        for took_ms in steps_ms[self._n_planned :]:
            self._plan.observe(took_ms / 1e3)
        self._n_planned = len(steps_ms)
        if run.n_cycles % GAUGES_EVERY == 1:
            self._look(run)

    def _look(self, run: LiveRun) -> None:
        controller, setup = run.brain.controller, run.brain.setup
        self._epoch.set(run.books.epoch)
        watch = controller.supervisor.watch
        n_units = len(controller.executor.done)
        units = Tally(str(watch.status(unit)) for unit in range(n_units))
        for status in UnitStatus:
            self._units.labels(str(status)).set(units[str(status)])
        self._held.set(int(np.count_nonzero(controller.executor.owners >= 0)))
        self._closed.set(int(controller.executor.is_closed.sum()))
        self._stations.set(len(controller.supervisor.stations.closed))
        self._open_tasks.set(len(setup.work.open_tasks().tasks))
        for name, number in setup.progress().items():
            self._work.labels(name).set(number)
        if self._links is not None:
            self._unacknowledged.set(self._links.unacknowledged_s())

    def _passed(self) -> Iterator[Metric]:
        """What others count, as it is when somebody asks."""
        if self._links is not None:
            for name, counts in self._links.counts().items():
                yield _family(f"gridfleet_{name}", _SAID.get(name, name), counts)
            for name, (buckets, total) in self._links.histograms().items():
                yield HistogramMetricFamily(
                    f"gridfleet_{name}_seconds", _SAID.get(name, name), buckets=buckets,
                    sum_value=total,
                )  # fmt: skip
        if self._desk is not None:
            said = {f"{name} {how}": n for (name, how), n in self._desk.counts.items()}
            yield _family("gridfleet_operator_requests", "Requests of operators.", said)


_SAID = {
    "messages_in": "Messages of devices taken, by topic.",
    "messages_out": "Messages sent to devices, by topic.",
    "messages_refused": "Messages and connections refused, by reason.",
    "messages_lost": "Gaps in what devices have sent.",
    "messages_not_sent": "Messages to devices that were not there or did not read, by topic.",
    "orders_sent_again": "Orders sent again for want of an echo.",
    "round_trip": "A frame to a device and its answer.",
    "order_echo": "From sending an order to the state that confirms it.",
}


class _Passed:
    """A collector of prometheus_client over a function."""

    def __init__(self, collect: Any) -> None:
        self.collect = collect


def _family(name: str, text: str, counts: Mapping[str, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=["what"])
    for label, number in dict(counts).items():
        family.add_metric([str(label)], number)
    return family


def _histogram(name: str, text: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(name, text, buckets=SHORT_S, registry=registry)


class MetricsServer:
    """http://127.0.0.1:PORT/metrics, in a thread. port: 0 for any. Raises MetricsError."""

    def __init__(self, metrics: Metrics, port: int) -> None:
        from prometheus_client import start_http_server

        try:
            self._server, self._thread = start_http_server(
                port, addr="127.0.0.1", registry=metrics.registry
            )
        except OSError as error:
            raise MetricsError(
                f"port {port} cannot be used for figures: {error.strerror}; choose another with "
                "--metrics"
            ) from None
        self.port = int(self._server.server_port)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

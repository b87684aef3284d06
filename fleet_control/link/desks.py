"""The courier's end of the stations: every job done once, every finished line told once.

Jobs go out in numbered rows, which a terminal takes in order, and are sent again until it echoes
them. Finished lines come in numbered rows too. A line is acknowledged by the commands that follow
the reports in which it was handed out: by then the controller has noted it down for good, and until
then the terminal keeps it for whoever asks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Ints, StationJobs
from fleet_control.link.books import NEVER_S
from fleet_control.link.messages import ACK, JOB, RESEND_S

Messages = NDArray[np.void]
LineReports = tuple[Ints, Ints, Ints, NDArray[np.float64]]
_UNKNOWN = -1
_NO_JOBS, _NO_ACKS = np.empty(0, dtype=JOB), np.empty(0, dtype=ACK)


class Desks:
    """One desk per station."""

    def __init__(self, n_stations: int, epoch: int) -> None:
        self._epoch = epoch
        self._n_jobs = [0] * n_stations
        self._open: list[list[tuple[int, ...]]] = [[] for _ in range(n_stations)]  # JOB rows
        self._sent_s = [NEVER_S] * n_stations
        self._received = [_UNKNOWN] * n_stations
        self._handed_out = [_UNKNOWN] * n_stations
        self._acknowledged = [_UNKNOWN] * n_stations
        self._latest_s = [NEVER_S] * n_stations  # when the latest line was finished
        self._news: list[tuple[float, int, int, int]] = []
        self._is_due = False

    def take(self, jobs: StationJobs) -> None:
        """New jobs, by commands that also confirm all that was handed out before."""
        if self._acknowledged != self._handed_out:
            self._acknowledged = list(self._handed_out)
            self._is_due = True
        stations = jobs.stations.tolist()
        pods = [-1] * len(stations) if jobs.pods is None else jobs.pods.tolist()
        skus = [-1] * len(stations) if jobs.skus is None else jobs.skus.tolist()
        rows = zip(
            jobs.jobs.tolist(), jobs.lines.tolist(), jobs.quantities.tolist(), pods, skus,
            strict=True,
        )  # fmt: skip
        for station, row in zip(stations, rows, strict=True):
            self._n_jobs[station] += 1
            self._open[station].append((station, self._epoch, self._n_jobs[station], *row))
            self._sent_s[station] = NEVER_S

    def hear(self, now_s: float, terminals: Messages, lines: Messages) -> None:
        """Take in what stations say. When a line was finished is told as an age; what it was on its
        way is added to that, but never so much that lines of a station change places."""
        for station, epoch, n_jobs, n_lines in terminals.tolist():
            if epoch != self._epoch:
                continue
            while self._open[station] and self._open[station][0][2] <= n_jobs:
                self._open[station].pop(0)
            if self._received[station] == _UNKNOWN:
                # Up to there an earlier controller has noted them down.
                for noted in (self._received, self._handed_out, self._acknowledged):
                    noted[station] = n_lines
        for station, epoch, number, job, line, ago_s in lines.tolist():
            if epoch == self._epoch and number == self._received[station] + 1:
                self._received[station] = number
                time_s = max(now_s - ago_s, self._latest_s[station])
                self._latest_s[station] = time_s
                self._news.append((time_s, station, job, line))

    def post(self, now_s: float, is_heartbeat: bool) -> tuple[Messages, Messages]:
        """JOB and ACK rows that are due."""
        rows: list[tuple[int, ...]] = []
        for station, waiting in enumerate(self._open):
            if waiting and now_s - self._sent_s[station] >= RESEND_S - 1e-9:
                self._sent_s[station] = now_s
                rows += waiting
        acks: list[tuple[int, int, int]] = []
        if is_heartbeat or self._is_due:
            self._is_due = False
            acks = [(s, self._epoch, n) for s, n in enumerate(self._acknowledged)]
        return (
            np.array(rows, dtype=JOB) if rows else _NO_JOBS,
            np.array(acks, dtype=ACK) if acks else _NO_ACKS,
        )

    def hand_out(self) -> LineReports:
        """Stations, jobs, lines and times of what has finished and was not handed out before."""
        self._handed_out = list(self._received)
        news, self._news = sorted(self._news), []
        if not news:
            empty = np.empty(0, dtype=np.int32)
            return empty, empty, empty, np.empty(0)
        times, stations, jobs, lines = zip(*news, strict=True)
        as_ints = [np.array(column, dtype=np.int32) for column in (stations, jobs, lines)]
        return as_ints[0], as_ints[1], as_ints[2], np.array(times)

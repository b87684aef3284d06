"""The stations' end of the link: what each terminal was given, and what its person has finished."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Ints, StationJobs
from fleet_control.link.messages import LINE, RESEND_S, TELL_S, TERMINAL

Messages = NDArray[np.void]
_NO_LINES, _NO_TERMINALS = np.empty(0, dtype=LINE), np.empty(0, dtype=TERMINAL)


class _Terminal:
    """given: (job, line) handed to the person, with the epoch in which a controller asked for it
    last. finished: (number, job, line, time) of what is done, until a controller has noted it down.
    noted: lines noted down that the present controller may still ask for, since it did not know."""

    def __init__(self, station: int) -> None:
        self.station, self.epoch = station, 0
        self.n_jobs = self.n_finished = self.n_noted = 0
        self.given: dict[tuple[int, int], int] = {}
        self.noted: list[tuple[int, int]] = []
        self.finished: list[tuple[int, int, int, float]] = []
        self.lines_s = self.told_s = -np.inf

    def meet(self, epoch: int) -> bool:
        """False for a message of a controller that has been replaced; a new one counts anew."""
        if epoch < self.epoch:
            return False
        if epoch > self.epoch:
            self.epoch, self.n_jobs = epoch, 0
            for key in self.noted:
                self.given.pop(key, None)
            self.noted.clear()
            self.tell_at_once()
        return True

    def tell_at_once(self) -> None:
        self.told_s = -np.inf

    def note(self, n_lines: int) -> None:
        """A controller has noted down so many lines: they need not be told or known any more."""
        if n_lines <= self.n_noted:
            return
        self.n_noted = n_lines
        while self.finished and self.finished[0][0] <= n_lines:
            _, job, line, _ = self.finished.pop(0)
            if self.given[job, line] == self.epoch:
                del self.given[job, line]
            else:  # what it asked for before it heard of this may still be on its way
                self.noted.append((job, line))
        self.tell_at_once()

    def take(self, number: int, job: int, line: int) -> bool:
        """Whether the row is a new line. One that follows a lost one is not taken: it is sent again
        together with it, so that the order stays as it was."""
        if number != self.n_jobs + 1:
            return False
        self.n_jobs = number
        self.tell_at_once()
        # A new controller asks for all that it knows to be open, and some of it is in hand already.
        is_new = (job, line) not in self.given
        self.given[job, line] = self.epoch
        return is_new


class Terminals:
    """All terminals. Each keeps what it was given over any loss of its link."""

    def __init__(self, n_stations: int) -> None:
        self._terminals = [_Terminal(station) for station in range(n_stations)]

    def hear(self, jobs: Messages, acks: Messages) -> list[tuple[int, int, int, int]]:
        """Take what came; returns new lines for people: station, job, line, quantity."""
        for station, epoch, n_lines in acks.tolist():
            terminal = self._terminals[station]
            if terminal.meet(epoch):
                terminal.note(n_lines)
        new = []
        for station, epoch, number, job, line, quantity, *_ in jobs.tolist():
            terminal = self._terminals[station]
            if terminal.meet(epoch) and terminal.take(number, job, line):
                new.append((station, job, line, quantity))
        return new

    def finish(self, stations: Ints, jobs: Ints, lines: Ints, times_s: NDArray[np.float64]) -> None:
        """People have finished these lines."""
        columns = (stations.tolist(), jobs.tolist(), lines.tolist(), times_s.tolist())
        for station, job, line, time_s in zip(*columns, strict=True):
            terminal = self._terminals[station]
            terminal.n_finished += 1
            terminal.finished.append((terminal.n_finished, job, line, time_s))
            terminal.lines_s = -np.inf

    def tell(self, now_s: float) -> tuple[Messages, Messages]:
        """TERMINAL and LINE rows that are due."""
        states, lines = [], []
        for terminal in self._terminals:
            if now_s - terminal.told_s >= TELL_S - 1e-9:
                terminal.told_s = now_s
                states.append((terminal.station, terminal.epoch, terminal.n_jobs, terminal.n_noted))
            if terminal.finished and now_s - terminal.lines_s >= RESEND_S - 1e-9:
                terminal.lines_s = now_s
                for number, job, line, time_s in terminal.finished:
                    ago_s = now_s - time_s
                    lines.append((terminal.station, terminal.epoch, number, job, line, ago_s))
        return (
            np.array(states, dtype=TERMINAL) if states else _NO_TERMINALS,
            np.array(lines, dtype=LINE) if lines else _NO_LINES,
        )


def as_jobs(rows: list[tuple[int, int, int, int]]) -> StationJobs:
    """Rows of `Terminals.hear` in columns."""
    table = np.array(rows, dtype=np.int32).reshape(-1, 4).T
    return StationJobs(table[0], table[1], table[2], table[3])

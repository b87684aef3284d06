"""Stations of the emulated floor: the terminals' agents, and people who work at them.

A person takes as long for a line as twin.people says, then scans and confirms. Now and then a scan
is wrong: it is refused, and the person looks for the right thing. It is with the same lines, where
and whenever they are handled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from fleet_control.draws import Uniforms
from hw_bridge.stations.terminal import Scan, TerminalAgent
from twin.people import People
from twin.terminals import as_jobs

PURPOSE = 0x5CA4
"""Key of the stream of wrong scans among all streams of a seed."""
LOOK_AGAIN_S = 3.0
"""What a wrong scan costs, until the right one (assumed)."""
WRONG_LABEL = "not-this-one"


@dataclass(slots=True)
class _Desk:
    """ready: when the person is done with each line that is not confirmed yet. n_given: lines that
    the person knows of. free_s: nothing is scanned before. has_erred: with the present line."""

    ready: deque[float] = field(default_factory=deque)
    n_given: int = 0
    free_s: float = 0.0
    has_erred: bool = False


class EmulatedStations:
    """terminals: one of each station. wrong_scans: share of lines of which the first scan is wrong.

    Lines that terminals remember from before are worked on from the start.
    """

    def __init__(
        self, terminals: Sequence[TerminalAgent], people: People, seed: int,
        wrong_scans: float, now_s: float,
    ) -> None:  # fmt: skip
        self.terminals, self._people = list(terminals), people
        self._wrong_scans, self._draws = wrong_scans, Uniforms(seed, PURPOSE)
        self._desks = [_Desk() for _ in terminals]
        for station in range(len(terminals)):
            self.look(station, now_s)

    def look(self, station: int, now_s: float) -> None:
        """The person sees what is new on the screen."""
        desk, lines = self._desks[station], self.terminals[station].open_lines()
        new = lines[desk.n_given :]
        if new:
            desk.n_given = len(lines)
            rows = [(station, job.job, job.line, job.quantity) for job in new]
            self._people.accept(as_jobs(rows), now_s)

    def work(self, now_s: float) -> list[int]:
        """What people do until now; returns the stations where something was done."""
        stations, _, _, times_s = self._people.finished_until(now_s)
        for station, time_s in zip(stations.tolist(), times_s.tolist(), strict=True):
            self._desks[station].ready.append(time_s)
        return [station for station in range(len(self._desks)) if self._confirm(station, now_s)]

    def _confirm(self, station: int, now_s: float) -> bool:
        desk, has_acted = self._desks[station], False
        while desk.ready and max(desk.ready[0], desk.free_s) <= now_s:
            at_s, has_acted = max(desk.ready[0], desk.free_s), True
            if self._errs(station, at_s):
                desk.has_erred, desk.free_s = True, at_s + LOOK_AGAIN_S
                continue
            self._finish(station, at_s)
            desk.ready.popleft()
            desk.n_given -= 1
            desk.has_erred = False
        return has_acted

    def _errs(self, station: int, at_s: float) -> bool:
        """Whether the first scan of this line is a wrong one, which is then made."""
        desk, terminal = self._desks[station], self.terminals[station]
        if desk.has_erred or terminal.wants is Scan.NOTHING:
            return False
        job = terminal.open_lines()[0]
        drawn = self._draws.of(job.line)
        if drawn >= self._wrong_scans:
            return False
        if terminal.wants is Scan.POD and job.sku and drawn < self._wrong_scans / 2:
            terminal.scan(job.pod, at_s)
        terminal.scan(WRONG_LABEL, at_s)
        return True

    def _finish(self, station: int, at_s: float) -> None:
        terminal = self.terminals[station]
        job = terminal.open_lines()[0]
        while (wanted := terminal.wants) is not Scan.NOTHING:
            terminal.scan(job.pod if wanted is Scan.POD else job.sku, at_s)
        terminal.finish(at_s)

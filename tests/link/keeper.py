"""A controller of the simplest kind, with books of its own, and an eye on the truth.

It drives units at random, cancels, pauses, dies and comes back, and keeps note of which cells each
unit holds from nothing but what it released and what it was told. After every cycle it looks at
bodies, at what units may still do, and at orders on their way: all of it has to lie within what the
unit holds. It shares no code with the courier.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from fleet_control.backend import (
    Act,
    Commands,
    Condition,
    Releases,
    Request,
    Requests,
    StationJobs,
    no_station_jobs,
)  # fmt: skip
from layouts import Layout, open_layout
from twin.kinematic.engine import KinematicTwin
from twin.link import Noise
from twin.linked import LinkedTwin
from twin.people import People

CYCLE_S = 0.2
N_ROWS, N_COLS = 4, 5
Row = tuple[int, int, int, int]


def floor() -> Layout:
    return open_layout("hall", np.ones((N_ROWS, N_COLS), dtype=np.int8))


def beside(cell: int) -> list[int]:
    row, col = divmod(cell, N_COLS)
    near = [(row, col + 1), (row, col - 1), (row + 1, col), (row - 1, col)]
    return [r * N_COLS + c for r, c in near if 0 <= r < N_ROWS and 0 <= c < N_COLS]


@dataclass
class Unit:
    """steps: step number -> (cell, act). It holds the cells of steps cleared to released."""

    steps: dict[int, tuple[int, int]]
    done: int = 0
    cleared: int = 0
    released: int = 0
    is_cancelling: bool = False
    is_paused: bool = False
    is_carried: bool = False
    is_absent: bool = False
    flags: int = 0
    faults: int = 0
    is_laden: bool = False

    def held(self) -> set[int]:
        if self.is_absent:
            return set()
        return {self.steps[step][0] for step in range(self.cleared, self.released + 1)}

    def open_rows(self, unit: int) -> list[Row]:
        steps = range(self.cleared, self.released + 1)
        return [(unit, step, *self.steps[step]) for step in steps]


@dataclass
class Trouble:
    """Chances per cycle of what may befall, and how bad the link gets."""

    cancel: float = 0.01
    pause: float = 0.01
    reboot: float = 0.004
    down: float = 0.004
    kill: float = 0.004
    carry: float = 0.0
    slow: float = 0.004
    noise: Noise = field(default_factory=lambda: Noise(0.1, 0.2, 0.3, 0.1))


class Keeper:
    """Runs one world from a seed."""

    def __init__(self, seed: int, n_units: int = 3, trouble: Trouble | None = None) -> None:
        self.rng = np.random.default_rng(seed)
        self.trouble = trouble or Trouble()
        cells = self.rng.permutation(N_ROWS * N_COLS)[: n_units + 2].astype(np.int32)
        starts, self.pods = cells[:n_units], {int(cell) for cell in cells[n_units:]}
        layout = floor()
        twin = KinematicTwin(
            layout, starts, np.zeros(n_units, dtype=np.int8), cells[n_units:], People(0, 1)
        )
        self.linked = LinkedTwin(layout, twin, seed)
        self.linked.link.set_noise(self.trouble.noise)
        self.units = [Unit({0: (int(cell), Act.DRIVE)}) for cell in starts]
        self.ends: list[tuple[float, object]] = []
        self.now_s = 0.0
        self.n_done = self.n_kills = 0
        state = self.linked.connect()
        while (state.cells < 0).any():
            state = self.linked.connect()
        self.now_s = state.time_s

    # What it decides

    def run(self, n_cycles: int) -> None:
        for _ in range(n_cycles):
            self.cycle(is_calm=False)
        self.calm_down()

    def cycle(self, is_calm: bool) -> None:
        rows: list[Row] = []
        requests: list[tuple[int, int]] = []
        if not is_calm:
            self.make_trouble()
            requests = self.think_of_requests()
            rows = self.think_of_releases()
        if not is_calm and self.rng.random() < self.trouble.kill:
            self.die(rows, requests)
            return
        self.send(rows, requests)
        self.check()
        self.now_s += CYCLE_S
        self.absorb(self.linked.advance(self.now_s))
        self.check()

    def think_of_releases(self) -> list[Row]:
        rows: list[Row] = []
        for unit in self.rng.permutation(len(self.units)).tolist():
            me = self.units[unit]
            is_ready = not (me.flags & ~int(Condition.LOW_BATTERY) or me.faults)
            if me.is_cancelling or me.is_absent or not is_ready or self.rng.random() > 0.4:
                continue
            for _ in range(int(self.rng.integers(1, 4))):
                if me.released - me.done >= 5:
                    break
                step = self.next_step(unit)
                if step is None:
                    break
                me.released += 1
                me.steps[me.released] = step
                rows.append((unit, me.released, *step))
        return rows

    def next_step(self, unit: int) -> tuple[int, int] | None:
        me = self.units[unit]
        here = me.steps[me.released][0]
        others = set().union(*(u.held() for u in self.units if u is not me))
        if (
            me.released == me.done
            and self.rng.random() < 0.3
            and (here in self.pods) != me.is_laden
        ):
            act = Act.LOWER if me.is_laden else Act.LIFT
            (self.pods.add if me.is_laden else self.pods.discard)(here)
            me.is_laden = not me.is_laden
            return here, int(act)
        ways = [cell for cell in beside(here) if cell not in others]
        if me.is_laden:
            ways = [cell for cell in ways if cell not in self.pods]
        return (int(self.rng.choice(ways)), int(Act.DRIVE)) if ways else None

    def think_of_requests(self) -> list[tuple[int, int]]:
        requests = []
        for unit, me in enumerate(self.units):
            if me.is_absent:
                continue
            if self.rng.random() < self.trouble.cancel and not me.is_cancelling:
                me.is_cancelling = True
                requests.append((unit, int(Request.CANCEL)))
            if self.rng.random() < self.trouble.pause:
                me.is_paused = not me.is_paused
                kind = Request.PAUSE if me.is_paused else Request.RESUME
                requests.append((unit, int(kind)))
        return requests

    def send(self, rows: list[Row], requests: list[tuple[int, int]]) -> None:
        columns = [np.array(column, dtype=np.int32) for column in zip(*rows, strict=True)]
        if not rows:
            columns = [np.empty(0, dtype=np.int32)] * 4
        releases = Releases(columns[0], columns[1], columns[2], columns[3].astype(np.int8))
        asked = Requests(
            np.array([unit for unit, _ in requests], dtype=np.int32),
            np.array([kind for _, kind in requests], dtype=np.int8),
        )
        self.linked.send(Commands(releases, self.jobs(), requests=asked))

    def jobs(self) -> StationJobs:
        return no_station_jobs()

    # What befalls it

    def make_trouble(self) -> None:
        trouble, rng, agents = self.trouble, self.rng, self.linked.agents
        while self.ends and self.ends[0][0] <= self.now_s:
            self.ends.pop(0)[1]()  # type: ignore[operator]
        for unit, me in enumerate(self.units):
            if me.is_carried:
                continue
            if rng.random() < trouble.reboot:
                agents.reboot(unit, float(rng.uniform(0.0, 5.0)))
            if rng.random() < trouble.down:
                self.linked.link.set_down(True, unit)
                self.later(15.0, lambda u=unit: self.linked.link.set_down(False, u))
            if rng.random() < trouble.slow:
                self.slow(unit, float(rng.choice([0.0, 0.3])))
            if rng.random() < trouble.carry:
                self.carry_off(unit)

    def later(self, within_s: float, deed: object) -> None:
        self.ends.append((self.now_s + float(self.rng.uniform(0.0, within_s)), deed))
        self.ends.sort(key=lambda end: end[0])

    def slow(self, unit: int, factor: float) -> None:
        self.linked.agents.set_slow(unit, factor)
        self.later(8.0, lambda: self.linked.agents.set_slow(unit, 1.0))

    def carry_off(self, unit: int) -> None:
        """Somebody takes the unit off, an operator confirms it, and it is put back elsewhere."""
        me = self.units[unit]
        if me.is_laden or me.is_cancelling or me.released != me.done:
            return
        me.is_carried = True
        self.linked.agents.take_off(unit)
        self.later(5.0, lambda: self.remove(unit))

    def remove(self, unit: int) -> None:
        me = self.units[unit]
        self.give_up(me, me.done)
        me.is_absent, me.is_paused, me.is_cancelling = True, False, False
        self.send([], [(unit, int(Request.REMOVE))])
        self.later(10.0, lambda: self.put_back(unit))

    def put_back(self, unit: int) -> None:
        taken = set().union(*(u.held() for u in self.units))
        taken |= {cell for cells in self.bodies().values() for cell in cells}
        free = [cell for cell in range(N_ROWS * N_COLS) if cell not in taken | self.pods]
        me = self.units[unit]
        cell = int(self.rng.choice(free))
        me.steps = {0: (cell, int(Act.DRIVE))}  # nobody is let in there before it is admitted
        me.done = me.cleared = me.released = 0
        me.is_absent = me.is_carried = False
        me.flags = int(Condition.ABSENT)
        self.linked.agents.put_on(unit, cell, 0)

    def die(self, rows: list[Row], requests: list[tuple[int, int]]) -> None:
        """The controller dies before or after it has sent what it had noted down, and with or
        without what it heard last; a new one begins from the notes."""
        self.n_kills += 1
        if self.rng.random() < 0.5:
            self.send(rows, requests)
        if self.rng.random() < 0.5:
            self.now_s += CYCLE_S
            self.linked.advance(self.now_s)
        self.check()
        self.now_s += float(self.rng.uniform(0.0, 4.0))
        self.linked.advance_alone(self.now_s)
        self.check()
        state = self.linked.connect()
        self.now_s = state.time_s
        for unit, me in enumerate(self.units):
            if state.cells[unit] < 0 or state.done is None or state.done[unit] < 0:
                continue
            if not me.is_absent and not me.flags & Condition.ABSENT:
                assert state.bases[unit] <= me.released
                assert state.done[unit] >= me.done
                me.done = int(state.done[unit])
                me.cleared = max(me.cleared, int(state.cleared[unit]))
        for me in self.units:
            me.flags &= int(Condition.ABSENT)
        self.note_conditions(state.conditions)
        known = [me for me in self.units if not (me.is_absent or me.flags & Condition.ABSENT)]
        rows = [row for me in known for row in me.open_rows(self.units.index(me))]
        requests = []
        for unit, me in enumerate(self.units):
            if me.is_cancelling:
                requests.append((unit, int(Request.CANCEL)))
            kind = Request.PAUSE if me.is_paused else Request.RESUME
            requests.append((unit, int(kind)))
        self.send(rows, requests)
        self.check()

    def calm_down(self) -> None:
        """No more trouble: everything open gets done."""
        while self.ends:
            self.ends.pop(0)[1]()  # type: ignore[operator]
        self.linked.link.set_noise(Noise())
        self.linked.link.set_down(False)
        for me in self.units:
            me.is_paused = False
        self.send([], [(unit, int(Request.RESUME)) for unit in range(len(self.units))])
        for _ in range(400):
            self.cycle(is_calm=True)
            if all(me.done == me.released == me.cleared and not me.flags for me in self.units):
                break
        for unit, me in enumerate(self.units):
            assert me.done == me.cleared == me.released, f"unit {unit} is stuck: {me}"
            assert not me.is_cancelling, f"unit {unit} never gave up"
            assert me.flags == 0, f"unit {unit}: {me.flags}"

    # What it is told

    def absorb(self, reports: object) -> None:
        for unit, done, cleared, fault in zip(
            reports.units.tolist(), reports.done.tolist(), reports.cleared.tolist(),
            reports.faults.tolist(), strict=True,
        ):  # fmt: skip
            me = self.units[unit]
            if me.is_absent:
                continue
            assert done <= me.released, f"unit {unit} did step {done} of {me.released}"
            assert cleared <= min(done + 1, me.released)
            self.n_done += max(0, done - me.done)
            me.done, me.cleared = max(me.done, done), max(me.cleared, cleared)
            me.faults = fault
        self.note_conditions(reports.conditions)
        rows = reports.retractions
        for unit, kept in zip(rows.units.tolist(), rows.kept.tolist(), strict=True):
            self.retract(self.units[unit], kept)
        rows = reports.arrivals
        for unit, cell in zip(rows.units.tolist(), rows.cells.tolist(), strict=True):
            self.greet(unit, cell)

    def note_conditions(self, rows: object) -> None:
        for unit, flags in zip(rows.units.tolist(), rows.flags.tolist(), strict=True):
            self.units[unit].flags = flags

    def retract(self, me: Unit, kept: int) -> None:
        assert max(me.done, me.cleared) <= kept <= min(me.done + 1, me.released), (me, kept)
        self.give_up(me, kept)
        me.is_cancelling = False

    def give_up(self, me: Unit, kept: int) -> None:
        for step in range(kept + 1, me.released + 1):
            cell, act = me.steps.pop(step)
            if act != Act.DRIVE:  # will not happen: the pod stays as it was
                me.is_laden = act == Act.LOWER
                (self.pods.add if act == Act.LIFT else self.pods.discard)(cell)
        me.released = kept

    def greet(self, unit: int, cell: int) -> None:
        me = self.units[unit]
        assert me.flags & Condition.ABSENT, f"unit {unit} turns up on cell {cell}"
        if me.is_absent or me.steps[me.released][0] != cell:
            return
        me.steps, me.done, me.cleared, me.released = {0: (cell, int(Act.DRIVE))}, 0, 0, 0
        me.is_cancelling = False
        self.send([], [(unit, int(Request.ADMIT))])

    # What is true

    def bodies(self) -> dict[int, set[int]]:
        """Cells under each unit on the floor and under the pod it carries, from its pose."""
        covered = {}
        carried = self.linked.twin.units["carried"]
        for unit, (x, y, yaw) in enumerate(self.linked.poses().tolist()):
            if self.linked.agents.state["is_off"][unit]:
                continue
            half_x = abs(math.cos(yaw)) * 0.375 + abs(math.sin(yaw)) * 0.3
            half_y = abs(math.sin(yaw)) * 0.375 + abs(math.cos(yaw)) * 0.3
            if carried[unit] >= 0:
                half_x, half_y = max(half_x, 0.45), max(half_y, 0.45)
            columns = range(int(x - half_x + 1e-6), int(x + half_x - 1e-6) + 1)
            rows = range(int(y - half_y + 1e-6), int(y + half_y - 1e-6) + 1)
            covered[unit] = {(N_ROWS - 1 - r) * N_COLS + c for r in rows for c in columns}
        return covered

    def check(self) -> None:
        held = [me.held() for me in self.units]
        assert sum(map(len, held)) == len(set().union(*held)), "two units hold a cell"
        for unit, cells in self.bodies().items():
            assert cells <= held[unit], f"unit {unit} is on {cells}, holds {held[unit]}"
        for unit, me in enumerate(self.units):
            cells = set(self.linked.agents.may_enter(unit))
            assert cells <= held[unit], f"unit {unit} may enter {cells}, holds {held[unit]}"
            assert self.linked.bases()[unit] <= me.released or me.is_absent
        for unit, cells in self.linked.acceptable_orders():
            assert set(cells) <= held[unit], f"{cells} on their way to {unit}: {held[unit]}"
        assert not self.linked.take_contacts()

"""The controller's end of the bridge and drive agents on motors of paper, over a wire of lists and
on a clock of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from agent_rig import PaperMotors

from fleet_control.backend import (
    Act,
    Commands,
    Outlook,
    Releases,
    Request,
    Requests,
    StationJobs,
    no_outlook,
    no_releases,
    no_requests,
    no_station_jobs,
)
from hw_bridge.agent.agent import DriveAgent
from hw_bridge.agent.memory import ShortMemory
from hw_bridge.agent.options import AgentOptions, Identity, Outgoing
from hw_bridge.backend import BridgeBackend, BridgeOptions
from hw_bridge.roster import Roster
from hw_bridge.transport import Received
from hw_bridge.vda5050.base import MANUFACTURER, decode
from hw_bridge.vda5050.conversation import Conversation
from hw_bridge.vda5050.names import node_id
from hw_bridge.vda5050.order import Order
from hw_bridge.vda5050.rules import message_faults
from hw_bridge.vda5050.topics import KINDS
from hw_bridge.wire.frames import Link, Topic
from layouts import Layout, Station, StationKind, open_layout

N_COLS = 40
STEP_S = 0.2
Down = tuple[str, Topic, Link, bytes]


def hall(n_rows: int, n_stations: int = 0) -> Layout:
    """Unit u has row u of an open floor to itself; stations are in the last column."""
    stations = tuple(
        Station(f"S{row + 1}", StationKind.PICK, cell=(row + 1) * N_COLS - 1)
        for row in range(n_stations)
    )
    return open_layout("hall", np.ones((n_rows, N_COLS), dtype=np.int8), stations=stations)


class Wire:
    """Implements `Transport` by lists. inbox: to be taken by the backend. sent: all that it sent;
    underway: of that, what has not been delivered. unreachable: serials not connected."""

    def __init__(self) -> None:
        self.inbox: list[Received] = []
        self.sent: list[Down] = []
        self.underway: list[Down] = []
        self.unreachable: set[str] = set()
        self.is_watched = True
        self.talks: defaultdict[str, Conversation] = defaultdict(Conversation)

    def _watch(self, serial: str, topic: Topic, payload: bytes) -> None:
        """What is sent keeps the rules of VDA 5050, by itself and after all before it."""
        if topic.value not in KINDS or not self.is_watched:
            return
        message = decode(KINDS[topic.value], payload)
        assert not message_faults(message), payload
        faults = self.talks[serial].send(topic.value, message)
        assert not faults, (faults, payload)

    def register(self, poller: Any) -> None:
        pass

    def take(self) -> list[Received]:
        taken, self.inbox = self.inbox, []
        return taken

    def send(self, serial: str, topic: Topic, link: Link, payload: bytes) -> bool:
        if serial in self.unreachable:
            return False
        self._watch(serial, topic, payload)
        self.sent.append((serial, topic, link, payload))
        self.underway.append((serial, topic, link, payload))
        return True

    def close(self) -> None:
        pass

    def orders(self, serial: str = "U1") -> list[Order]:
        return [decode(Order, p) for s, topic, _, p in self.sent
                if s == serial and topic is Topic.ORDER]  # fmt: skip


@dataclass
class PaperUnit:
    agent: DriveAgent
    motors: PaperMotors
    is_on: bool = True


@dataclass
class Hall:
    """moves_a_step: moves that each unit does per STEP_S. loses: whether a message is lost."""

    n_units: int = 1
    n_stations: int = 0
    epoch: int = 7
    now: float = 0.0
    moves_a_step: int = 1
    loses: Callable[[str, Topic, bytes], bool] = lambda serial, topic, payload: False
    wire: Wire = field(default_factory=Wire)
    units: dict[str, PaperUnit] = field(default_factory=dict)
    others: list[Callable[[], None]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.layout = hall(max(self.n_units, self.n_stations), self.n_stations)
        self.roster = Roster(
            tuple(f"U{n + 1}" for n in range(self.n_units)),
            tuple(f"S{n + 1}" for n in range(self.n_stations)),
        )
        for row, serial in enumerate(self.roster.units):
            y_m = self.layout.n_rows - row - 0.5
            motors = PaperMotors(0.5, node_id(row * N_COLS, N_COLS))
            motors.change(y_m=y_m)
            identity = Identity(MANUFACTURER, serial)
            agent = DriveAgent(identity, motors, ShortMemory(), AgentOptions(), 0.0)
            self.units[serial] = PaperUnit(agent, motors)
        self.steps = [[(row * N_COLS, Act.DRIVE)] for row in range(self.n_units)]
        self.done = [0] * self.n_units
        self.reports: list[Any] = []
        self.new_backend()

    def new_backend(self) -> BridgeBackend:
        self.backend = BridgeBackend(
            self.layout, self.roster, [self.wire], self, self.epoch,
            options=BridgeOptions(gather_s=0.0, post_s=0.0, wall=lambda: 1.7e9 + self.now),
            **self.options,
        )  # fmt: skip
        return self.backend

    def restart(self) -> BridgeBackend:
        """The controller dies and a new one takes over."""
        self.epoch += 1
        for talk in self.wire.talks.values():
            talk.renew()
        return self.new_backend()

    def restart_and_resend(self) -> None:
        """And the new one knows from its journal what has been released."""
        state = self.restart().connect()
        if state.done is not None:
            self.done = [max(*pair) for pair in zip(self.done, state.done.tolist(), strict=True)]
        rows = []
        for unit in range(self.n_units):
            first = 0 if state.cleared is None else max(int(state.cleared[unit]), 0)
            first = min(first, len(self.steps[unit]) - 1)
            rows += [(unit, first + i, *step) for i, step in enumerate(self.steps[unit][first:])]
        columns = np.ascontiguousarray(np.array(rows, dtype=np.int32).T)
        releases = Releases(*columns[:3], columns[3].astype(np.int8))
        self.backend.send(Commands(releases, no_station_jobs()))

    # Implements `Time`.

    def now_s(self) -> float:
        return self.now

    def wait(self, poller: Any, until_s: float) -> None:
        self.exchange()
        if self.wire.inbox or until_s <= self.now:
            return
        self.now = min(until_s, self.now + STEP_S)
        for unit in self.units.values():
            unit.motors.run(self.moves_a_step)
        for other in self.others:
            other()
        self.exchange()

    def exchange(self) -> None:
        """What was sent arrives, and is answered."""
        underway, self.wire.underway = self.wire.underway, []
        for serial, topic, link, payload in underway:
            unit = self.units.get(serial)
            if unit is not None and unit.is_on and not self.loses(serial, topic, payload):
                unit.agent.hear(topic, link, payload, self.now)
                self.say(serial, unit.agent.tick(self.now))
        for serial, unit in self.units.items():
            if unit.is_on:
                self.say(serial, unit.agent.tick(self.now))

    def say(self, serial: str, messages: Sequence[Outgoing]) -> None:
        for topic, link, payload in messages:
            if not self.loses(serial, topic, payload):
                self.wire.inbox.append(Received(serial, topic, link, payload))

    # Telling it what to do.

    def release(
        self, unit: int, *steps: int | Act, ahead: int = -1, speed_m_s: float = np.inf
    ) -> None:
        """Next steps: columns of its row to drive to, or Act.LIFT and Act.LOWER; and where it goes
        on."""
        rows = []
        for step in steps:
            here = self.steps[unit][-1][0]
            is_act = isinstance(step, Act)
            pair = (here, step) if is_act else (unit * N_COLS + int(step), Act.DRIVE)
            self.steps[unit].append(pair)
            rows.append((unit, len(self.steps[unit]) - 1, *pair))
        columns = np.ascontiguousarray(np.array(rows, dtype=np.int32).reshape(-1, 4).T)
        speeds = np.full(len(rows), speed_m_s, dtype=np.float32)
        outlook = no_outlook()
        if ahead >= 0:
            row = [unit], [len(self.steps[unit])], [unit * N_COLS + ahead]
            outlook = Outlook(*(np.array(column, dtype=np.int32) for column in row))
        releases = Releases(*columns[:3], columns[3].astype(np.int8), speeds)
        self.backend.send(Commands(releases, no_station_jobs(), outlook))

    def ask(self, unit: int, *kinds: Request) -> None:
        requests = Requests(
            np.full(len(kinds), unit, dtype=np.int32), np.array(kinds, dtype=np.int8)
        )
        self.backend.send(Commands(no_releases(), no_station_jobs(), requests=requests))

    def give(self, jobs: StationJobs | None = None) -> None:
        commands = Commands(no_releases(), jobs or no_station_jobs(), requests=no_requests())
        self.backend.send(commands)

    def advance(self, seconds: float = STEP_S) -> Any:
        reports = self.backend.advance(self.now + seconds)
        for unit, done in zip(reports.units.tolist(), reports.done.tolist(), strict=True):
            self.done[unit] = done
        self.reports.append(reports)
        return reports

    def settle(self, limit_s: float = 120.0) -> None:
        end_s = self.now + limit_s
        while any(self.done[u] < len(self.steps[u]) - 1 for u in range(self.n_units)):
            assert self.now < end_s, (self.done, self.backend.figures, self.backend.refused())
            self.advance()

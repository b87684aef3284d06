"""The kinematic twin behind a link: units and stations on one side, the courier on the other.

Time passes in short steps; in each the twin moves, units and stations speak, the courier listens
and answers. With a perfect link everything arrives in the step in which it was said, and a
controller sees what it would see of the twin itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Commands, FleetState, Reports
from fleet_control.errors import FleetError
from fleet_control.link.courier import Courier
from fleet_control.link.messages import ACK, HELLO, INSTANT, JOB, ORDER
from layouts import Layout
from twin.agents import Agents
from twin.floor.twin import Twin
from twin.floor.world import Contact, Mishap
from twin.link import SimulatedLink
from twin.terminals import Terminals, as_jobs

STEP_S = 0.2
"""Longest time between two looks at the link."""
PATIENCE_S = 10.0
"""How long `connect` waits for units that do not answer."""
_NOTHING = tuple(np.empty(0, dtype=kind) for kind in (ORDER, INSTANT, HELLO, JOB, ACK))


class LinkedTwin:
    """Implements `Backend` for a twin whose units and stations are reached over a link.

    The twin must not be used by anybody else. seed: of the link. link, agents: for whoever makes
    trouble. next_epoch: of the controller that connects next; greater than those before.
    """

    def __init__(self, layout: Layout, twin: Twin, seed: int = 0) -> None:
        n_stations = len(layout.stations)
        self._layout, self.twin = layout, twin
        self.agents = Agents(twin)
        self.link = SimulatedLink(len(twin.units), n_stations, seed)
        self._terminals = Terminals(n_stations)
        self._courier: Courier | None = None
        self.next_epoch = 1

    @property
    def time_s(self) -> float:
        return self.twin.time_s

    def connect(self) -> FleetState:
        """A new controller takes over: hello to all, and wait until they have answered.

        Time passes while units are silent, up to PATIENCE_S. After that no unit that has answered
        takes anything from a controller before."""
        layout = self._layout
        self._courier = courier = Courier(
            len(self.twin.units), len(layout.stations), layout.n_rows, layout.n_cols,
            self.next_epoch,
        )  # fmt: skip
        self.next_epoch += 1
        began_s = self.time_s
        self._speak()
        self._exchange()
        while not courier.has_heard_all() and self.time_s < began_s + PATIENCE_S - 1e-9:
            self._pass(self.time_s + STEP_S)
            self._exchange()
        return courier.fleet_state(self.time_s, self.twin.pod_cells())

    def send(self, commands: Commands) -> None:
        self._present().take(commands)
        self._speak()

    def advance(self, until_s: float) -> Reports:
        courier = self._present()
        while self._pass(min(until_s, self.time_s + STEP_S)):
            self._exchange()
        return courier.news(self.time_s)

    def advance_alone(self, until_s: float) -> None:
        """Let time pass without a controller (simulator only): it has died, and its courier with
        it. What is on its way arrives; the next thing to do is `connect`."""
        self._courier = None
        while self._pass(min(until_s, self.time_s + STEP_S)):
            self._exchange()

    def _present(self) -> Courier:
        if self._courier is None:
            raise FleetError("nobody is connected to the fleet; call connect first")
        return self._courier

    def _pass(self, until_s: float) -> bool:
        """Let the twin move; False where no time is left to pass."""
        if not self.twin.move(until_s):
            return False
        lines = self.twin.take_lines()
        if len(lines[0]):
            self._terminals.finish(*lines)
        return True

    def _exchange(self) -> None:
        """What is on its way arrives; units and stations speak; the courier listens and answers."""
        link, now_s = self.link, self.time_s
        if link.is_busy():
            self._deliver(_NOTHING)
        self.agents.tick()
        states = link.states.carry(self.agents.tell(), now_s, link.is_perfect)
        terminals, lines = self._terminals.tell(now_s)
        terminals = link.terminals.carry(terminals, now_s, link.is_perfect)
        lines = link.lines.carry(lines, now_s, link.is_perfect)
        if self._courier is not None:
            self._courier.hear(now_s, states, terminals, lines)
            self._speak()
        elif self.agents.have_steps:
            self._give_steps([])

    def _speak(self) -> None:
        post = self._present().post(self.time_s)
        self._deliver((post.orders, post.instants, post.hellos, post.jobs, post.acks))

    def _deliver(self, messages: tuple[NDArray[np.void], ...]) -> None:
        """Send to units and stations, and let them take what arrives."""
        link, now_s = self.link, self.time_s
        channels = (link.orders, link.instants, link.hellos, link.jobs, link.acks)
        orders, instants, hellos, jobs, acks = (
            channel.carry(sent, now_s, link.is_perfect)
            for channel, sent in zip(channels, messages, strict=True)
        )
        self.agents.hear(orders, instants, hellos)
        new_lines = self._terminals.hear(jobs, acks) if len(jobs) or len(acks) else []
        if self.agents.have_steps or new_lines:
            self._give_steps(new_lines)

    def _give_steps(self, new_lines: list[tuple[int, int, int, int]]) -> None:
        releases, outlook = self.agents.steps()
        if len(releases.units) or len(outlook.units) or new_lines:
            self.twin.send(Commands(releases, as_jobs(new_lines), outlook))

    def poses(self) -> NDArray[np.float64]:
        return self.twin.poses()

    def take_contacts(self) -> list[Contact]:
        return self.twin.take_contacts()

    @property
    def has_bodies(self) -> bool:
        return self.twin.has_bodies

    def take_mishaps(self) -> list[Mishap]:
        return self.twin.take_mishaps()

    @property
    def n_contacts(self) -> int:
        return self.twin.n_contacts

    def bases(self) -> NDArray[np.int32]:
        """int32[n_units], last step that each unit may still do, as its order counts; -1 none."""
        return self.agents.bases()

    def acceptable_orders(self) -> list[tuple[int, list[int]]]:
        """Orders on their way that their unit could still take: (unit, cells that it may enter)."""
        return self.agents.could_take(self.link.orders.in_flight())

    def close(self) -> None:
        """Let go of the twin."""
        self.twin.close()

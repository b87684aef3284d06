"""The agents of all emulated units, each with its motors, and what befalls units.

Implements twin.faults.targets.Units: a unit that is switched off and on gets a new agent and new
motors; what it must not forget is in its memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fleet_control.backend import FaultCode
from gridfleet.emulator.floor import Floor
from gridfleet.emulator.motors import SimulatedMotors
from hw_bridge.agent.agent import DriveAgent
from hw_bridge.agent.memory import Memory
from hw_bridge.agent.options import AgentOptions, Identity, Outgoing
from hw_bridge.wire.frames import Link, Topic
from twin.causes import Cause

BUSY_S = 0.05
"""An agent that waits for something, but does not know when it comes, is asked so often."""
PACE_SPREAD, GOLDEN = 0.1, 0.6180339887498949
"""Share by which intervals between states differ from unit to unit, and what spreads them."""
LOW_CHARGE, CHARGED = 0.1, 0.6
"""Charge of a unit that low battery befalls, and when that is over."""


class EmulatedUnits:
    """identities, memories: one for each unit. start_s: so long each starts at first.

    due_s: float64[n_units], when each agent is to be asked next, inf while it is off.
    """

    def __init__(
        self, floor: Floor, identities: Sequence[Identity], memories: Sequence[Memory],
        options: AgentOptions, start_s: float = 0.0,
    ) -> None:  # fmt: skip
        self._floor, self._options = floor, options
        self._identities, self._memories = list(identities), list(memories)
        self.due_s = np.full(floor.n_units, -np.inf)
        self.rebooted: list[int] = []
        """Units that have begun a session since somebody looked last; to be emptied by them."""
        self._next, self.is_any_due = 0, False
        self.motors: list[SimulatedMotors] = []
        self.agents: list[DriveAgent] = []
        for unit in range(floor.n_units):
            floor.starts_s[unit] = floor.time_s + start_s if start_s else -math.inf
            self.motors.append(SimulatedMotors(floor, unit))
            self.agents.append(self._new_agent(unit))
            self.due_s[unit] = -np.inf if not floor.twin.is_off[unit] else np.inf

    def _new_agent(self, unit: int) -> DriveAgent:
        # Units of a real fleet do not all speak at the same moment either.
        pace = 1.0 - PACE_SPREAD * (unit * GOLDEN % 1.0)
        options = replace(self._options, state_s=self._options.state_s * pace)
        return DriveAgent(
            self._identities[unit], self.motors[unit], self._memories[unit], options,
            self._floor.time_s,
        )  # fmt: skip

    def is_on(self, unit: int) -> bool:
        """Whether the unit is switched on, and so can be reached."""
        return not bool(self._floor.twin.is_off[unit])

    def hear(self, unit: int, topic: Topic, link: Link, payload: bytes) -> None:
        if not self.is_on(unit):
            return
        agent = self.agents[unit]
        is_mere_heartbeat = topic is Topic.HELLO and agent.is_led_by(link.epoch)
        agent.hear(topic, link, payload, self._floor.time_s)
        if not is_mere_heartbeat:
            self.due_s[unit] = -np.inf

    def connected(self, unit: int) -> list[Outgoing]:
        """What the unit says when it reaches the controller."""
        return self.agents[unit].connected(self._floor.time_s) if self.is_on(unit) else []

    def take_news(self) -> None:
        """Units of which something has changed on the floor are to be asked."""
        for unit, pod in self._floor.new_loads():
            if not self._floor.labels[pod]:
                self._floor.labels[pod] = self.motors[unit].expected_load()
        for unit in self._floor.news().tolist():
            self.motors[unit].feed()
            self.due_s[unit] = -np.inf

    def tick(self, at_most: int | None = None) -> list[tuple[int, list[Outgoing]]]:
        """Ask all that are due; returns (unit, what it says) in ascending order. at_most: so many
        of them, the next ones after those asked last; `is_any_due` tells whether some are left."""
        now_s, said = self._floor.time_s, []
        due = np.flatnonzero(self.due_s <= now_s + 1e-9)
        self.is_any_due = at_most is not None and len(due) > at_most
        if self.is_any_due:
            due = np.roll(due, -int(np.searchsorted(due, self._next)))[:at_most]
            self._next = int(due[-1]) + 1
        for unit in due.tolist():
            if not self.is_on(unit):
                self.due_s[unit] = np.inf
                continue
            messages = self.agents[unit].tick(now_s)
            self.due_s[unit] = max(self.agents[unit].due_s(), now_s + BUSY_S)
            if self._floor.starts_s[unit] > now_s:
                self.due_s[unit] = min(self.due_s[unit], self._floor.starts_s[unit])
            if messages:
                said.append((unit, messages))
        return said

    # ------------------------------------------------------------------ what befalls units

    def set_stopped(self, unit: int, is_stopped: bool) -> None:
        self._floor.hinder(unit, Cause.STOP, 0.0 if is_stopped else 1.0)

    def set_slow(self, unit: int, factor: float) -> None:
        self._floor.hinder(unit, Cause.SLOW, factor)

    def set_low_battery(self, unit: int, is_low: bool) -> None:
        self._floor.batteries.charge[unit] = LOW_CHARGE if is_low else CHARGED
        self.due_s[unit] = -np.inf

    def lose_place(self, unit: int) -> None:
        self._floor.twin.set_fault(unit, FaultCode.LOST_PLACE)

    def find_place(self, unit: int) -> None:
        self._floor.localisation.forget(unit)
        self._floor.twin.clear_fault(unit)

    def break_down(self, unit: int) -> None:
        self._floor.twin.set_fault(unit, FaultCode.BROKEN)

    def repair(self, unit: int) -> None:
        self._floor.twin.clear_fault(unit)

    def reboot(self, unit: int, start_s: float) -> None:
        if not self.is_on(unit):
            return
        self._floor.hand_over()
        self._floor.twin.forget(unit)
        self._begin_session(unit, start_s)

    def take_off(self, unit: int) -> None:
        self._floor.hand_over()
        self._floor.twin.take_off(unit)

    def put_on(self, unit: int, cell: int, heading: int, start_s: float = 0.0) -> None:
        self._floor.hand_over()
        self._floor.twin.put_on(unit, cell, heading)
        self._begin_session(unit, start_s)

    def _begin_session(self, unit: int, start_s: float) -> None:
        floor = self._floor
        floor.hinder(unit, Cause.ASKED, 1.0)
        floor.hinder(unit, Cause.FORGOTTEN, 0.0)
        floor.localisation.forget(unit)
        floor.starts_s[unit] = floor.time_s + start_s
        self.motors[unit] = SimulatedMotors(floor, unit)
        self.agents[unit] = self._new_agent(unit)
        self.due_s[unit] = -np.inf
        self.rebooted.append(unit)

"""A drive agent and the conformance rig in one thread, on a virtual clock and a link of paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import zmq
from agent_rig import IDENTITY, SERIAL, TOOLS, PaperMotors

from hw_bridge.agent.agent import DriveAgent
from hw_bridge.agent.memory import ShortMemory
from hw_bridge.agent.motors import MoveKind
from hw_bridge.agent.options import AgentOptions, Outgoing
from hw_bridge.conformance.rig import Setup
from hw_bridge.transport import Received
from hw_bridge.wire.frames import Link, Topic
from layouts import Layout, open_layout

STEP_S = 0.05
MOVE_S = 0.8
N_COLS = 8


class TimedMotors(PaperMotors):
    """Each move takes MOVE_S; it stops at the next point only."""

    def __init__(self) -> None:
        super().__init__(x_m=0.5, node="c.1.1")
        self.change(y_m=2.5)
        self.left_s = MOVE_S

    def hold(self, is_held: bool) -> None:
        self.is_held = is_held
        if is_held:
            self.change(is_moving=False)

    def pass_time(self, seconds: float) -> None:
        if self.is_held or len(self.moves) <= self.senses.n_done:
            return
        self.begin()
        self.left_s -= seconds
        if self.left_s <= 1e-9:
            self.left_s = MOVE_S
            move = self.moves[self.senses.n_done]
            self.run()
            self.change(y_m=move.y_m)
            if len(self.moves) > self.senses.n_done:
                is_drive = self.moves[self.senses.n_done].kind is MoveKind.DRIVE
                self.change(is_moving=True, is_between=is_drive)


class PaperFleet:
    """The unit, its link, and the time; implements `Transport` and `Time`."""

    def __init__(self, make: Callable[..., DriveAgent] = DriveAgent) -> None:
        self.make, self.memory, self.motors = make, ShortMemory(), TimedMotors()
        self.time_s, self.is_up = 0.0, False
        self.inbox: list[Received] = []
        self.agent = self._new_agent()

    def _new_agent(self) -> DriveAgent:
        options = AgentOptions(tools=TOOLS)
        return self.make(IDENTITY, self.motors, self.memory, options, self.time_s)

    def reboot(self) -> None:
        self.agent = self._new_agent()
        if self.is_up:
            self._post(self.agent.connected(self.time_s))

    def open(self) -> PaperFleet:
        self.is_up = True
        self._post(self.agent.connected(self.time_s))
        return self

    def _post(self, messages: list[Outgoing]) -> None:
        if self.is_up:
            self.inbox += [Received(SERIAL, *message) for message in messages]

    # Time

    def now_s(self) -> float:
        return self.time_s

    def wait(self, poller: zmq.Poller, until_s: float) -> None:
        self.time_s = min(self.time_s + STEP_S, max(until_s, self.time_s + 1e-6))
        self.motors.pass_time(STEP_S)
        self._post(self.agent.tick(self.time_s))

    # Transport

    def register(self, poller: zmq.Poller) -> None:
        """Nothing to be woken by."""

    def take(self) -> list[Received]:
        taken, self.inbox = self.inbox, []
        return taken

    def send(self, serial: str, topic: Topic, link: Link, payload: bytes) -> bool:
        assert serial == SERIAL
        if not self.is_up:
            return False
        self.agent.hear(topic, link, payload, self.time_s)
        self._post(self.agent.tick(self.time_s))
        return True

    def close(self) -> None:
        self.is_up = False
        self.inbox.clear()


def corridor() -> Layout:
    return open_layout("corridor", np.ones((3, N_COLS), dtype=np.int8))


def setup_of(fleet: PaperFleet, **changes: object) -> Setup:
    values = {
        "serial": SERIAL, "layout": corridor(), "open_transport": fleet.open, "time": fleet,
        "epoch": 7, "reboot": fleet.reboot,
    }  # fmt: skip
    return Setup(**{**values, **changes})  # type: ignore[arg-type]

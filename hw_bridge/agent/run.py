"""A drive agent on a real unit: one thread that listens, drives and speaks, until told to end.

device = load_device(Path("/etc/gridfleet/R0001.toml"))
memory = FileMemory(Path("/var/lib/gridfleet/R0001.json"))
with stop_on_signals() as stop:
    run_unit(MyMotors(), device, "tcp://controller:7700", memory, stop.is_set)
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from hw_bridge.agent.agent import DriveAgent
from hw_bridge.agent.device_link import DeviceLink
from hw_bridge.agent.memory import Memory
from hw_bridge.agent.motors import Motors
from hw_bridge.agent.options import AgentOptions, Identity, Outgoing
from hw_bridge.vda5050.base import MANUFACTURER
from hw_bridge.wire.keys import DeviceSecret

TURN_S = 0.05
REST_S = 10.0
"""How long a unit that is to be switched off may take to come to a stand."""


def run_unit(
    motors: Motors, device: DeviceSecret | str, address: str, memory: Memory,
    is_over: Callable[[], bool], options: AgentOptions | None = None,
    manufacturer: str = MANUFACTURER, turn: Callable[[float], None] | None = None,
    turn_s: float = TURN_S, clock: Callable[[], float] = time.monotonic,
) -> None:  # fmt: skip
    """Drive until is_over(), then come to a stand and say good-bye.

    turn: called with the time at least every turn_s seconds, for motors that have no thread of
    their own. Raises WireError for an address that is none.
    """
    options = options or AgentOptions()
    if not options.wall_zero_s:
        options = replace(options, wall_zero_s=time.time() - clock())
    link = DeviceLink(address, device)
    try:
        identity = Identity(manufacturer, link.serial)
        agent = DriveAgent(identity, motors, memory, options, clock())
        while not is_over():
            link.wait(turn_s)
            _turn(agent, link, clock(), turn)
        _stop(motors, agent, link, turn, turn_s, clock)
    finally:
        motors.hold(True)  # also where something has failed
        link.close(linger_s=1.0)


def _turn(
    agent: DriveAgent, link: DeviceLink, now_s: float, turn: Callable[[float], None] | None
) -> None:
    if turn is not None:
        turn(now_s)
    for topic, header, payload in link.take():
        agent.hear(topic, header, payload, now_s)
    # Before it is connected, all that it says would be lost.
    messages = agent.connected(now_s) if link.has_come_up() else agent.tick(now_s)
    _send(link, messages)


def _send(link: DeviceLink, messages: list[Outgoing]) -> None:
    for message in messages:
        link.send(message)


def _stop(
    motors: Motors, agent: DriveAgent, link: DeviceLink, turn: Callable[[float], None] | None,
    turn_s: float, clock: Callable[[], float],
) -> None:  # fmt: skip
    """It listens no more, so that nothing sends it on."""
    motors.stop_short()
    end_s = clock() + REST_S
    while motors.sense().is_moving and clock() < end_s:
        link.wait(turn_s)
        link.take()
        if turn is not None:
            turn(clock())
    _send(link, agent.leaving(clock()))


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGINT or SIGTERM set."""
    event = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: event.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

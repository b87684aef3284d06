"""All emulated devices of one process: floor, agents and sockets, step by step.

Time passes in `pass_time` only; in `exchange` messages come in, agents answer, and nothing moves.
What a unit says of itself has been saved before it says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridfleet.emulator.floor import Floor
from gridfleet.emulator.keeping import Keeper
from gridfleet.emulator.link_faults import DeviceNoise, NoisyLine
from gridfleet.emulator.sockets import Arrived, DeviceSockets
from gridfleet.emulator.stations import EmulatedStations
from gridfleet.emulator.truth import TruthPublisher
from gridfleet.emulator.units import EmulatedUnits
from hw_bridge.agent.options import Outgoing
from twin.faults.injector import FaultInjector

UP, DOWN = 0, 1


@dataclass(slots=True)
class Extras:
    """What not every fleet has."""

    keeper: Keeper | None = None
    truth: TruthPublisher | None = None
    injector: FaultInjector | None = None


class EmulatedFleet:
    """Devices are the units, then the stations. late_s: how far the clock is behind, for viewers.

    lines: messages on their way from and to devices, where links are bad.
    """

    def __init__(
        self, floor: Floor, units: EmulatedUnits, stations: EmulatedStations,
        sockets: DeviceSockets, noise: DeviceNoise, seed: int = 0, extras: Extras | None = None,
    ) -> None:  # fmt: skip
        self.floor, self.units, self.stations, self.sockets = floor, units, stations, sockets
        self.extras = extras or Extras()
        self.noise = noise
        self.up = NoisyLine[Outgoing](noise, seed, UP)
        self.down = NoisyLine[Arrived](noise, seed, DOWN)
        self._is_off = floor.twin.is_off.copy()
        self.late_s = 0.0
        for unit in np.flatnonzero(self._is_off).tolist():
            sockets.set_off(unit, True)

    @property
    def time_s(self) -> float:
        return self.floor.time_s

    @property
    def n_units(self) -> int:
        return self.floor.n_units

    # ------------------------------------------------------------------ messages

    def exchange(self, at_most: int | None = None) -> int:
        """Take in what has come, and say what there is to say. Returns how many were sent. at_most:
        so many units have their say, so that what comes meanwhile does not wait for all of them."""
        n_before = int(self.sockets.n_sent.sum())
        self._hear(self.sockets.take())
        for device in self.sockets.take_connected():
            self._greet(device)
        self._say_news(at_most)
        return int(self.sockets.n_sent.sum()) - n_before

    def _hear(self, arrived: list[Arrived]) -> None:
        if self.down.is_idle:
            for message in arrived:
                self._hear_one(message)
            return
        for message in arrived:
            self.down.put(message.device, message, self.time_s)
        for _, message in self.down.take(self.time_s):
            self._hear_one(message)

    def _hear_one(self, message: Arrived) -> None:
        device, topic, link, payload = message
        if device < self.n_units:
            self.units.hear(device, topic, link, payload)
            return
        station = device - self.n_units
        self.stations.terminals[station].hear(topic, link, payload, self.time_s)
        self.stations.look(station, self.time_s)

    def _greet(self, device: int) -> None:
        """A device has reached the controller, or is switched on while it can."""
        if device < self.n_units:
            self._say(device, self.units.connected(device))
        else:
            terminal = self.stations.terminals[device - self.n_units]
            self._say(device, terminal.connected(self.time_s))

    def _say_news(self, at_most: int | None) -> None:
        for unit, messages in self.units.tick(at_most):
            self._say(unit, messages)
        for station, terminal in enumerate(self.stations.terminals):
            if terminal.due_s() <= self.time_s + 1e-9:
                self._say(self.n_units + station, terminal.tick(self.time_s))
        if not self.up.is_idle:
            for device, message in self.up.take(self.time_s):
                self.sockets.send(device, message)

    def _say(self, device: int, messages: list[Outgoing]) -> None:
        for message in messages:
            if self.up.is_idle:
                self.sockets.send(device, message)
            else:
                self.up.put(device, message, self.time_s)

    def say_goodbye(self) -> None:
        """All units that can be reached say that they go offline."""
        for unit in range(self.n_units):
            if self.units.is_on(unit) and self.sockets.is_up[unit]:
                self._say(unit, self.units.agents[unit].leaving(self.time_s))

    # ------------------------------------------------------------------ time

    def pass_time(self, until_s: float) -> bool:
        """Let everything go on until then; False where no time has passed."""
        extras = self.extras
        if extras.injector is not None:
            extras.injector.act(self.time_s)
            self._switch()
        if not self.floor.move(until_s):
            return False
        self.units.take_news()
        self.stations.work(self.time_s)
        if extras.keeper is not None:
            extras.keeper.keep(self.floor)
        if extras.truth is not None:
            extras.truth.tell(self.floor.twin, self.late_s)
        return True

    def _switch(self) -> None:
        """Connections of units that have been carried off or put back, or switched off and on."""
        is_off = self.floor.twin.is_off
        for unit in np.flatnonzero(is_off != self._is_off).tolist():
            self.sockets.set_off(unit, bool(is_off[unit]))
        self._is_off = is_off.copy()
        rebooted, self.units.rebooted = self.units.rebooted, []
        for unit in rebooted:
            if self.sockets.is_up[unit]:
                self._greet(unit)

    def close(self, linger_s: float = 0.0) -> None:
        self.sockets.close(linger_s)
        if self.extras.truth is not None:
            self.extras.truth.close()
        if self.extras.keeper is not None:
            self.extras.keeper.close()

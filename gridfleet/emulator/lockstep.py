"""A controller's end of the bridge and an emulated fleet in one thread, on one virtual clock.

Messages go over real sockets, which take real time, and nobody's clock goes on meanwhile: both ends
wait until every frame that was sent has arrived, by the numbers that they keep, and take what came
in a fixed order. So a test sees the same every time, and no time passes that it does not let pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import zmq

from gridfleet.emulator.fleet import EmulatedFleet
from hw_bridge.transport import Received
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire.refusals import Refused
from hw_bridge.wire.server import ZmqTransport

STEP_S = 0.2
"""Longest time between two exchanges of messages, as in twin.linked."""
PATIENCE_S = 20.0
"""Real time that frames may take before something must be wrong."""
_UNTAKEN = (
    Refused.MALFORMED, Refused.OVERSIZED, Refused.FLOOD, Refused.WRONG_TOPIC, Refused.OLD,
)  # fmt: skip


class LockstepError(RuntimeError):
    """Frames did not arrive."""


class LockstepTransport:
    """Implements `Transport`: `take` waits for everything that devices have sent.

    serials: of all devices of the fleet, in its order."""

    def __init__(self, inner: ZmqTransport, fleet: EmulatedFleet, serials: Sequence[str]) -> None:
        self.inner, self._fleet = inner, fleet
        self._device_of = {serial: device for device, serial in enumerate(serials)}
        self.n_sent = np.zeros(len(serials), dtype=np.int64)
        self._taken: list[Received] = []
        self._n_taken = 0

    def attend(self, fleet: EmulatedFleet) -> None:
        """From now on these are the devices: the same ones, whose emulator was started again."""
        self._fleet = fleet
        self.n_sent[:] = self._n_taken = 0
        self._taken.clear()

    def register(self, poller: zmq.Poller) -> None:
        self.inner.register(poller)

    def connect_all(self) -> None:
        """Until every device that is switched on is connected at both ends."""
        sockets, is_on = self._fleet.sockets, self._is_on()

        def is_connected() -> bool:
            sockets.open_some()
            sockets.collect()
            self._pump()
            return bool(sockets.is_up[is_on].all())

        _wait_until(is_connected, "devices did not connect")

    def take(self) -> list[Received]:
        _wait_until(self._has_all, "frames of devices did not arrive")
        taken, self._taken = self._taken, []
        taken.sort(key=lambda message: self._device_of[message.serial])
        return taken

    def has_news(self) -> bool:
        """Whether anything was sent that has not been taken."""
        return not self._has_all() or bool(self._taken)

    def _has_all(self) -> bool:
        self._pump()
        return self._n_taken >= int(self._fleet.sockets.n_sent.sum())

    def _pump(self) -> None:
        counts = self.inner.refusals.counts
        n_refused = sum(counts[reason] for reason in _UNTAKEN)
        taken = self.inner.take()
        n_refused = sum(counts[reason] for reason in _UNTAKEN) - n_refused
        self._n_taken += len(taken) + n_refused
        self._taken += taken

    def send(self, serial: str, topic: Topic, link: Link, payload: bytes) -> bool:
        is_sent = self.inner.send(serial, topic, link, payload)
        self.n_sent[self._device_of[serial]] += is_sent
        return is_sent

    def await_devices(self) -> None:
        """Until devices have everything that was sent to them."""
        sockets = self._fleet.sockets

        def have_all() -> bool:
            sockets.collect()
            is_on = self._is_on()
            return bool((sockets.n_taken[is_on] >= self.n_sent[is_on]).all())

        _wait_until(have_all, "frames to devices did not arrive")

    def _is_on(self) -> np.ndarray:
        is_on = np.ones(len(self.n_sent), dtype=bool)
        is_on[: self._fleet.n_units] = ~self._fleet.floor.twin.is_off
        return is_on

    def close(self) -> None:
        self.inner.close()


class LockstepTime:
    """Implements `Time` on the clock of the fleet, which goes on in `wait` only."""

    def __init__(self, fleet: EmulatedFleet, transport: LockstepTransport) -> None:
        self._fleet, self._transport = fleet, transport
        self._now_s = fleet.time_s
        self._has_connected = False

    def attend(self, fleet: EmulatedFleet) -> None:
        """From now on this fleet's clock counts, which goes on where that of the other one was."""
        self._fleet, self._has_connected = fleet, False
        self._transport.attend(fleet)

    def now_s(self) -> float:
        return self._now_s

    def wait(self, poller: zmq.Poller, until_s: float) -> None:
        """What was sent is heard and answered first; only if there is no answer, time passes."""
        fleet, transport = self._fleet, self._transport
        if not self._has_connected:
            self._has_connected = True
            transport.connect_all()
        transport.await_devices()
        fleet.exchange()
        if transport.has_news() or until_s <= self._now_s:
            return
        # Between two ticks of the floor nothing moves, but that is no reason to wait for ever.
        self._now_s = min(until_s, self._now_s + STEP_S)
        if fleet.pass_time(self._now_s):
            fleet.exchange()


def _wait_until(is_so: Callable[[], bool], otherwise: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline_s:
            raise LockstepError(f"{otherwise} within {PATIENCE_S:g} s")
        time.sleep(0.0002)

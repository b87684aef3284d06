"""Random trouble between gateway and vehicle, under an eye that knows where the vehicle is.

Messages are lost, doubled and late, topics overtake each other, the vehicle is switched off and on
or driven by hand, its lift fails, and controller and gateway start anew. Whatever happens, every
cell that the vehicle covers is one that the controller keeps for it; and when the trouble is over,
the work goes on, and the pod is where it was to be.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from plain_vehicle import PlainVehicle

from fleet_control.backend import (
    Act,
    Commands,
    Releases,
    Reports,
    Request,
    Requests,
    no_outlook,
    no_releases,
    no_requests,
    no_station_jobs,
)
from fleet_control.link.books import PLACED
from hw_bridge.agent.memory import FileMemory
from hw_bridge.backend import BridgeBackend, BridgeOptions
from hw_bridge.mqtt.floor import Floor
from hw_bridge.mqtt.keeping import Keeper
from hw_bridge.mqtt.options import BrokerAddress, MqttOptions
from hw_bridge.mqtt.vehicle import Road, Vehicle
from hw_bridge.roster import Roster
from hw_bridge.transport import Received
from hw_bridge.wire.frames import Link, Topic
from layouts.layout import Layout

N_SEEDS = int(os.environ.get("GRIDFLEET_TROUBLE_SEEDS", "12"))
DT = 0.05
BODY_M = 0.37
"""Half of its length: with as much as it may be off a centre it fits into a cell."""
N_ROWS, N_COLS = 3, 9
POD, POD_CELL = "P00007", 2


class Net:
    """Messages of each topic come in order, but late; some not at all, some twice."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.is_calm = rng, False
        self._due: list[tuple[float, int, str, bytes]] = []
        self._last_s: dict[str, float] = {}
        self._count = 0

    def put(self, topic: str, payload: bytes, now_s: float) -> None:
        if not self.is_calm and self.rng.random() < 0.15:
            return
        for _ in range(1 if self.is_calm or self.rng.random() < 0.9 else 2):
            delay_s = 0.02 if self.is_calm else float(self.rng.exponential(0.15))
            at_s = max(now_s + min(delay_s, 0.8), self._last_s.get(topic, 0.0))
            self._last_s[topic] = at_s
            self._count += 1
            self._due.append((at_s, self._count, topic, payload))

    def take(self, now_s: float) -> list[tuple[str, bytes]]:
        due = sorted(entry for entry in self._due if entry[0] <= now_s)
        self._due = [entry for entry in self._due if entry[0] > now_s]
        return [(topic, payload) for _, _, topic, payload in due]


class Scene:
    """Everything in one thread on a virtual clock: Time and Transport of the backend."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.rng = np.random.default_rng(seed)
        self.folder = folder
        kinds = np.ones(N_ROWS * N_COLS, dtype=np.int8)
        self.layout = Layout(
            "hall", N_ROWS, N_COLS, kinds, np.ones((N_ROWS * N_COLS, 4), dtype=np.bool_),
            np.zeros((N_ROWS * N_COLS, 4), dtype=np.float32),
        )  # fmt: skip
        self.now = 0.0
        self.up, self.down = Net(self.rng), Net(self.rng)
        version = ["2.0.0", "2.1.0", "3.0.0"][int(self.rng.integers(3))]
        self.vehicle = PlainVehicle(version, 0.5, 2.5, {_centre(POD_CELL): POD})
        self.vehicle.speed = float(self.rng.uniform(0.5, 2.0))
        self.vehicle.publish = lambda topic, payload, retain: self.up.put(topic, payload, self.now)
        self.steps = [0]  # cell of each step of its stream
        self.acts = [Act.DRIVE]
        self.pods = [POD_CELL]  # where the pod stands after each step, -1 carried
        self.cleared = self.done = 0
        self.epoch, self._helped_s = 0, 0.0
        self.start()

    def start(self) -> None:
        """Controller and gateway start anew."""
        self.epoch += 1
        road = Road("uagv", f"v{self.vehicle.major}", "acme", "V1")
        self.gate = Vehicle(
            road, "gridfleet", FileMemory(self.folder / "V1.json"),
            Keeper(self.folder / "V1.kept.json"), Floor.of(self.layout),
            MqttOptions(BrokerAddress("broker", 1883), factsheet_s=0.0),
            lambda: 1e9 + self.epoch * 1000.0 + self.now, self.now,
        )  # fmt: skip
        self.backend = BridgeBackend(
            self.layout, Roster(("V1",)), [self], self, self.epoch,
            options=BridgeOptions(gather_s=0.0, patience_s=30.0),
        )  # fmt: skip
        self.backend.connect()
        if self.epoch > 1:
            self.release(list(range(self.cleared, len(self.steps))))
        else:
            self.command(no_releases())

    # Time.

    def now_s(self) -> float:
        return self.now

    def wait(self, poller: zmq.Poller, until_s: float) -> None:
        if until_s > self.now:
            self.tick()

    # Transport.

    def register(self, poller: zmq.Poller) -> None: ...

    def close(self) -> None: ...

    def take(self) -> list[Received]:
        for topic, payload in self.up.take(self.now):
            self.gate.hear(topic, payload, False, self.now)
        told, publications = self.gate.tick(self.now)
        for topic, payload in publications:
            self.down.put(topic.rsplit("/", 1)[1], payload, self.now)
        return [Received("V1", *outgoing) for outgoing in told]

    def send(self, serial: str, topic: Topic, link: Link, payload: bytes) -> bool:
        return self.gate.obey(topic, link, payload, self.now)

    # What happens.

    def tick(self) -> None:
        self.now = round(self.now + DT, 6)
        for topic, payload in self.down.take(self.now):
            self.vehicle.hear(topic, payload)
        self.vehicle.step(DT)
        self.look()

    def look(self) -> None:
        """The oracle: what the vehicle covers is kept for it."""
        kept = set(self.steps[self.cleared :])
        x, y = self.vehicle.x, self.vehicle.y
        for dx, dy in ((BODY_M, 0.0), (-BODY_M, 0.0), (0.0, BODY_M), (0.0, -BODY_M)):
            row, col = int(N_ROWS - (y + dy)), int(x + dx)
            assert row * N_COLS + col in kept, (
                f"covers row {row}, column {col} at {self.now} s", self.steps, self.cleared,
                self.vehicle.log,
            )  # fmt: skip

    def release(self, steps: list[int]) -> None:
        cells, acts = [self.steps[step] for step in steps], [self.acts[step] for step in steps]
        zeros = np.zeros(len(steps), dtype=np.int32)
        self.command(
            Releases(
                zeros, np.array(steps, dtype=np.int32), np.array(cells, dtype=np.int32),
                np.array(acts, dtype=np.int8),
            )
        )  # fmt: skip

    def command(self, releases: Releases, kinds: list[Request] | None = None) -> None:
        requests = no_requests()
        if kinds:
            requests = Requests(np.zeros(len(kinds), dtype=np.int32), np.array(kinds, np.int8))
        self.backend.send(Commands(releases, no_station_jobs(), no_outlook(), requests))

    def cycle(self) -> Reports:
        reports = self.backend.advance(self.now + 0.2)
        self._help()
        for kept in reports.retractions.kept.tolist():
            for of_steps in (self.steps, self.acts, self.pods):
                del of_steps[kept + 1 :]
        assert not len(reports.arrivals.units), "it stands where nobody expects it"
        if len(reports.units):
            self.done = int(reports.done[0])
            assert int(reports.cleared[0]) >= self.cleared
            self.cleared = int(reports.cleared[0])
            if reports.faults[0]:
                self.command(no_releases(), [Request.RETRY])
        return reports

    def _help(self) -> None:
        """Somebody drives a vehicle to a centre that stands between two and is not placed."""
        senses = self.gate.driver.sense()
        books = self.backend._life.courier.books.units[0]
        if self.vehicle.driving or not senses.is_between or books["stage"] == PLACED:
            self._helped_s = self.now
        elif self.now - self._helped_s > 5.0:
            self.vehicle.take_over(1.0)
            col = min(max(round(self.vehicle.x - 0.5), 0), N_COLS - 1)
            row = min(max(round(self.vehicle.y - 0.5), 0), N_ROWS - 1)
            self.vehicle.x, self.vehicle.y = col + 0.5, row + 0.5
            self._helped_s = self.now

    def wander(self) -> None:
        """Release a few more steps of a random way."""
        first = len(self.steps)
        for _ in range(int(self.rng.integers(1, 4))):
            row, col = divmod(self.steps[-1], N_COLS)
            around = [
                r * N_COLS + c
                for r, c in ((row, col + 1), (row, col - 1), (row + 1, col), (row - 1, col))
                if 0 <= r < N_ROWS and 0 <= c < N_COLS
            ]
            self._append(int(self.rng.choice(around)), Act.DRIVE, self.pods[-1])
            if self.pods[-1] < 0 and self.rng.random() < 0.3:
                self._append(self.steps[-1], Act.LOWER, self.steps[-1])
            elif self.pods[-1] == self.steps[-1]:
                self._append(self.steps[-1], Act.LIFT, -1)
        self.release(list(range(first, len(self.steps))))

    def _append(self, cell: int, act: Act, pod: int) -> None:
        self.steps.append(cell)
        self.acts.append(act)
        self.pods.append(pod)


def _centre(cell: int) -> tuple[float, float]:
    row, col = divmod(cell, N_COLS)
    return col + 0.5, N_ROWS - row - 0.5


def trouble(scene: Scene, state: dict[str, Any]) -> None:
    """Something happens, or nothing."""
    rng, chance = scene.rng, float(scene.rng.random())
    if chance < 0.02:
        scene.vehicle.switch_on()
        state["reboots"] += 1
    elif chance < 0.03:
        scene.backend.close()
        scene.start()
        state["is_paused"], state["is_cancelling"] = False, False
    elif chance < 0.035:
        scene.vehicle.fails_picks = 1
    elif chance < 0.045:
        scene.vehicle.take_over(2.0)
    elif chance < 0.08 and len(scene.steps) - 1 > scene.done:
        scene.command(no_releases(), [Request.CANCEL])
        state["is_cancelling"] = True
    elif chance < 0.11:
        state["is_paused"] = not state["is_paused"]
        kind = Request.PAUSE if state["is_paused"] else Request.RESUME
        scene.command(no_releases(), [kind])
    elif len(scene.steps) - scene.done < 5 and not state["is_cancelling"] and rng.random() < 0.5:
        scene.wander()


@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_random_trouble(seed: int, tmp_path: Path) -> None:
    scene = Scene(seed, tmp_path)
    state: dict[str, Any] = {"is_paused": False, "is_cancelling": False, "reboots": 0}
    while scene.now < 90.0:
        reports = scene.cycle()
        if len(reports.retractions.units):
            state["is_cancelling"] = False
        trouble(scene, state)
    scene.up.is_calm = scene.down.is_calm = True
    scene.command(no_releases(), [Request.RESUME])
    end_s = scene.now + 60.0
    while scene.done < len(scene.steps) - 1 or state["is_cancelling"]:
        assert scene.now < end_s, (scene.done, scene.steps, scene.backend.status()[0])
        if len(scene.cycle().retractions.units):
            state["is_cancelling"] = False
    scene.wander()
    while scene.done < len(scene.steps) - 1:
        assert scene.now < end_s, (scene.done, scene.steps, scene.backend.status()[0])
        scene.cycle()
    assert scene.vehicle.problems == []
    assert scene.cleared == len(scene.steps) - 1
    pod = scene.pods[-1]
    assert scene.vehicle.load == (POD if pod < 0 else None)
    assert scene.vehicle.pods == ({} if pod < 0 else {_centre(pod): POD})

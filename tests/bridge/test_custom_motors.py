"""The example of an integrator's motors keeps to the protocol, on paper and over sockets."""

from __future__ import annotations

import runpy
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from agent_rig import IDENTITY, SERIAL
from check_rig import STEP_S, PaperFleet, setup_of

from hw_bridge.agent.agent import DriveAgent
from hw_bridge.agent.memory import FileMemory
from hw_bridge.agent.options import AgentOptions
from hw_bridge.agent.run import run_unit
from hw_bridge.conformance.rig import Rig, Setup
from hw_bridge.conformance.route import Route
from hw_bridge.conformance.run import ALL_CASES, Verdict, check
from hw_bridge.transport import RealTime
from hw_bridge.vda5050.action import Action, BlockingType
from hw_bridge.vda5050.names import DROP, PICK
from hw_bridge.wire.keys import KeyStore, Role
from hw_bridge.wire.server import ServerOptions, ZmqTransport
from layouts import open_layout

HARD = BlockingType.HARD
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "custom_motors.py"


@pytest.fixture
def example() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE))


def make_motors(example: dict[str, Any]) -> Any:
    hardware = example["Hardware"](0.5, 2.5, {"c.1.1": "P00007"}, cell_m=1.0, n_rows=3)
    return example["DiffDrive"](hardware)


class ExampleFleet(PaperFleet):
    def __init__(self, motors: Any) -> None:
        super().__init__()
        self.custom = motors
        self.agent = self._new_agent()

    def _new_agent(self) -> DriveAgent:
        motors = getattr(self, "custom", self.motors)
        return DriveAgent(IDENTITY, motors, self.memory, AgentOptions(), self.time_s)

    def wait(self, poller: Any, until_s: float) -> None:
        self.time_s = min(self.time_s + STEP_S, max(until_s, self.time_s + 1e-6))
        self.custom.turn(self.time_s)
        self._post(self.agent.tick(self.time_s))


def test_it_passes_the_conformance_check(example: dict[str, Any]) -> None:
    fleet = ExampleFleet(make_motors(example))
    results = list(check(setup_of(fleet, is_at_pod=True), list(ALL_CASES)))
    assert {r.case.name: r.reason for r in results if r.verdict is Verdict.FAIL} == {}
    assert not [r.case.name for r in results if r.verdict is Verdict.SKIPPED]


def test_it_carries_a_pod_and_says_when_there_is_none(example: dict[str, Any]) -> None:
    fleet = ExampleFleet(make_motors(example))
    rig = Rig(setup_of(fleet))
    rig.settle()
    floor, name = rig.floor, rig.route(0).name
    here, there = rig.cell(), rig.cell() + 1
    acts = {1: PICK, 3: DROP, 5: PICK}
    actions = {
        node: (Action(action_type=kind, action_id=f"{name}.{node}", blocking_type=HARD),)
        for node, kind in acts.items()
    }
    route = Route(name, [here, here, there, there, here, here], floor, actions)
    rig.taken(rig.order(route, 0, 0, 5))
    rig.until(lambda: rig.last == 3, "it drives with the pod", 30.0)
    assert [load.load_id for load in rig.state.loads or ()] == ["P00007"]
    rig.until(lambda: rig.last == 5, "it leaves the pod there", 30.0)
    assert rig.state.loads == ()
    rig.until(lambda: "NO_POD" in rig.errors, "there is none at home", 30.0)
    assert rig.status(f"{name}.5") == "RETRIABLE"


def test_it_runs_over_sockets_and_ends_cleanly(example: dict[str, Any], tmp_path: Path) -> None:
    store = KeyStore.create(tmp_path / "keys")
    store.add(SERIAL, Role.UNIT)
    first = ZmqTransport(
        ["tcp://127.0.0.1:*"], store, options=ServerOptions(rate_per_s=1e6, burst=1e6)
    )
    motors, is_over = make_motors(example), threading.Event()
    clock = RealTime(1.0, speed=8.0)
    unit = threading.Thread(
        target=run_unit,
        args=(motors, store.secret_of(SERIAL), first.addresses[0],
              FileMemory(tmp_path / "memory.json"), is_over.is_set),
        kwargs={"turn": motors.turn, "turn_s": 0.005, "clock": clock.now_s},
    )  # fmt: skip
    unit.start()
    layout = open_layout("hall", np.ones((3, 8), dtype=np.int8))
    rig = Rig(Setup(SERIAL, layout, lambda: first, clock, epoch=3))
    try:
        rig.settle()
        rig.taken(order := rig.order(rig.route(3), 0, 0, 3))
        rig.until(lambda: rig.last == 3 and rig.is_idle, "it arrives", 60.0)
        assert rig.state.last_node_id == order.nodes[-1].node_id
    finally:
        is_over.set()
        unit.join(timeout=20.0)
    assert not unit.is_alive()
    end_s = time.monotonic() + 5.0
    while rig.is_online and time.monotonic() < end_s:
        rig.pass_time(0.2)
    assert not rig.is_online
    rig.close()

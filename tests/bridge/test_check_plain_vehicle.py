"""The conformance check on vehicles of another maker, behind a broker and the gateway."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mqtt_rig import ConnectedVehicle, running_mosquitto
from plain_vehicle import PlainVehicle
from test_mqtt_backend import SPEED, Pump

from hw_bridge.conformance.rig import Setup
from hw_bridge.conformance.run import Verdict, check, chosen
from hw_bridge.mqtt.options import BrokerAddress, MqttOptions
from hw_bridge.mqtt.transport import MqttTransport
from hw_bridge.transport import RealTime
from layouts import open_layout

CASES = [
    "introduces-itself", "acts-where-it-stands", "drives", "refuses-another-order",
    "stops-when-cancelled", "keeps-its-order-over-a-lost-link", "begins-a-session",
    "is-well-formed",
]  # fmt: skip


@pytest.mark.parametrize("version", ["2.0.0", "3.0.0"])
def test_a_plain_vehicle_is_checked_through_the_gateway(version: str, tmp_path: Path) -> None:
    layout = open_layout("hall", np.ones((3, 8), dtype=np.int8))
    with running_mosquitto(tmp_path) as broker:
        vehicle = PlainVehicle(version, 0.5, 2.5, {(0.5, 2.5): "P00007"})
        pump = Pump(connected := ConnectedVehicle(vehicle, broker.port))
        pump.start()
        clock = RealTime(0.0, SPEED)
        options = MqttOptions(BrokerAddress("127.0.0.1", broker.port))
        folder = tmp_path / "vehicles"
        setup = Setup(
            "V1", layout,
            lambda: MqttTransport(layout, ["V1"], options, folder, {"V1": "acme"}, clock.now_s),
            clock, epoch=5, manufacturer="acme", is_at_pod=True, is_behind_gateway=True,
        )  # fmt: skip
        try:
            results = list(check(setup, chosen(CASES)))
        finally:
            pump.is_over.set()
            pump.join()
            connected.close()
    assert {r.case.name: r.reason for r in results if r.verdict is Verdict.FAIL} == {}
    assert [r.case.name for r in results if r.verdict is Verdict.SKIPPED] == [
        "keeps-its-order-over-a-lost-link",
        "begins-a-session",
    ]

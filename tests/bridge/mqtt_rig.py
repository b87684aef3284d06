"""A real mosquitto, and plain vehicles that are connected to it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from plain_vehicle import PlainVehicle

DEADLINE_S = 20.0


def mosquitto_binary() -> str:
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if found is None:
        pytest.skip("mosquitto is not installed (Debian: apt install mosquitto)")
    return found


class Mosquitto:
    """A broker of its own on a free port of this machine."""

    def __init__(self, folder: Path, binary: str, extra: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port: int = server.getsockname()[1]
        self._binary = binary
        self._config = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "persistence false", "log_dest none"]
        lines.append("user root")  # of no effect but for root, whose folders others cannot read
        self._config.write_text("\n".join([*lines, extra or "allow_anonymous true"]) + "\n")
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen([self._binary, "-c", str(self._config)])
        end_s = time.monotonic() + DEADLINE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
                return
            except OSError:
                assert self._process.poll() is None, "mosquitto has ended"
                assert time.monotonic() < end_s, "mosquitto does not listen"

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def running_mosquitto(folder: Path, extra: str = "") -> Iterator[Mosquitto]:
    broker = Mosquitto(folder, mosquitto_binary(), extra)
    try:
        yield broker
    finally:
        broker.stop()


class ConnectedVehicle:
    """A plain vehicle with its own connection. pump: takes what has come, and lets time pass."""

    def __init__(
        self, vehicle: PlainVehicle, port: int, interface: str = "", serial: str = "V1",
        maker: str = "acme",
    ) -> None:  # fmt: skip
        interface = interface or ("uagv" if vehicle.major == 2 else "vda5050")
        self.base = f"{interface}/v{vehicle.major}/{maker}/{serial}"
        self.vehicle, self._port = vehicle, port
        self._inbox: deque[tuple[str, bytes]] = deque()
        self.is_connected = False
        self.connect()

    def connect(self) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self._client = client = Client(CallbackAPIVersion.VERSION2)
        client.will_set(f"{self.base}/connection", self.vehicle.last_will(), qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_message = lambda _c, _d, m: self._inbox.append((m.topic, bytes(m.payload)))
        self.vehicle.publish = self._publish
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", self._port)
        client.loop_start()

    def _on_connect(self, client: object, *_: object) -> None:
        self._client.subscribe([(f"{self.base}/order", 0), (f"{self.base}/instantActions", 0)])
        self.is_connected = True
        self.vehicle.tell_connection()
        self.vehicle.tell_factsheet()
        self.vehicle.is_fresh = True

    def _publish(self, topic: str, payload: bytes, retain: bool) -> None:
        self._client.publish(f"{self.base}/{topic}", payload, qos=0, retain=retain)

    def publish_raw(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(DEADLINE_S)

    def pump(self, dt: float) -> None:
        while self._inbox:
            topic, payload = self._inbox.popleft()
            self.vehicle.hear(topic.rsplit("/", 1)[1], payload)
        if self.is_connected:
            self.vehicle.step(dt)

    def cut(self) -> None:
        """The connection breaks without a word; the broker speaks the last will."""
        self._client.loop_stop()
        sock = self._client.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)
        sock.close()
        self.is_connected = False
        self.vehicle.publish = lambda topic, payload, retain: None

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def poll(step: Callable[[], None], wanted: Callable[[], bool], what: Callable[[], object]) -> None:
    """Step until something is so."""
    end_s = time.monotonic() + DEADLINE_S
    while not wanted():
        assert time.monotonic() < end_s, what()
        step()

"""Vehicles of other makers fill orders of `gridfleet serve`, through a real broker, as people start
it: they fetch pods, take them to stations, wait for the people there, and take them back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mqtt_rig import ConnectedVehicle, running_mosquitto
from plain_vehicle import PlainVehicle
from typer.testing import CliRunner

from gridfleet.brain import lay_groundwork
from gridfleet.cli.main import app
from gridfleet.scenario import Scenario
from hw_bridge.vda5050.names import pod_name
from hw_bridge.wire.keys import KeyStore, Role
from layouts import load
from layouts.geometry import cell_centres_m

LAYOUT, SPEED, LIMIT_S = "teaching", 8.0, 120.0
VERSIONS = ("2.0.0", "2.1.0", "3.0.0")


def test_orders_are_filled(tmp_path: Path) -> None:
    store = KeyStore.create(tmp_path / "keys")
    for station in load(LAYOUT).stations:
        store.add(station.name, Role.STATION)
    vehicles = stand_by()
    units = [word for vehicle in vehicles for word in ("--mqtt-unit", vehicle.serial)]
    both = ("--layout", LAYOUT, "--keys", "keys", "--speed", str(SPEED), "--quiet")
    with (
        running_mosquitto(tmp_path) as broker,
        command(tmp_path, "serve", *both, "--bind", "tcp://127.0.0.1:*", "--control", "",
                "--mqtt", f"mqtt://127.0.0.1:{broker.port}", *units, "--patience", "60",
                "--log", "events.log", "--wire-log", "wire.jsonl", "--out", "out") as serve,
        living(vehicles, broker.port),
    ):  # fmt: skip
        until(lambda: "3 of 3 units have said where they stand" in serve.said(), serve)
        address = serve.said().split("units and stations: ")[1].split()[0]
        stations = ("emulate", "--units", "0", *both, "--connect", address)
        with command(tmp_path, *stations) as emulate:
            until(lambda: all(one.n_dropped for one in vehicles), serve, emulate)
        serve.process.send_signal(signal.SIGINT)
        assert serve.process.wait(60.0) == 130, serve.said()
    assert [vehicle.problems for vehicle in vehicles] == [[], [], []]
    checked = CliRunner().invoke(app, ["check-log", str(tmp_path / "wire.jsonl")])
    assert checked.exit_code == 0, checked.stdout


def stand_by() -> list[PlainVehicle]:
    """Where units of a new run begin, among its pods."""
    ground = lay_groundwork(Scenario(layout=LAYOUT, robots=len(VERSIONS)))
    layout = ground.layout
    centres = cell_centres_m(layout.n_rows, layout.n_cols, layout.cell_size_m)
    places = [(float(x), float(y)) for x, y in centres]
    pods = {places[cell]: pod_name(pod) for pod, cell in enumerate(ground.setup.pod_cells.tolist())}
    vehicles = []
    for number, version in enumerate(VERSIONS):
        vehicle = PlainVehicle(version, *places[int(ground.fleet.cells[number])], {})
        vehicle.serial, vehicle.pods = f"V{number + 1}", pods
        vehicles.append(vehicle)
    return vehicles


@contextmanager
def living(vehicles: list[PlainVehicle], port: int) -> Iterator[None]:
    connected = [ConnectedVehicle(vehicle, port, serial=vehicle.serial) for vehicle in vehicles]
    is_over = threading.Event()

    def live() -> None:
        then_s = time.monotonic()
        while not is_over.wait(0.005):
            now_s = time.monotonic()
            for one in connected:
                one.pump((now_s - then_s) * SPEED)
            then_s = now_s

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        for one in connected:
            one.close()


@dataclass(frozen=True)
class Command:
    """said: all that is in its stderr."""

    process: subprocess.Popen[bytes]
    said: Callable[[], str]


@contextmanager
def command(folder: Path, name: str, *words: str) -> Iterator[Command]:
    path = folder / f"{name}.err"
    with path.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", "from gridfleet.cli.main import main; main()", name, *words],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=stderr,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
    try:
        yield Command(process, path.read_text)
    finally:
        process.kill()
        process.wait()


def until(is_so: Callable[[], bool], *commands: Command) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not is_so():
        for one in commands:
            assert one.process.poll() is None, one.said()
            assert time.monotonic() < end_s, one.said()
        time.sleep(0.05)

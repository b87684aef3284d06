"""Killed and started again, an emulator goes on where everything stood."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest
from emulated import keys, rig, setting

from gridfleet.emulator.building import EmulatorOptions, build_fleet
from gridfleet.emulator.saved_floor import FloorId, SavedFloor, SavedFloorError, saved_time_s
from gridfleet.emulator.truth import TruthReader
from hw_bridge.vda5050.state import OperatingMode, State
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire.keys import Role
from hw_bridge.wire.server import ZmqTransport
from layouts import load

ENTRY = "from gridfleet.cli.main import main; main()"
PATIENCE_S = 60.0


def test_everything_stands_where_it_stood(tmp_path: Path) -> None:
    options = EmulatorOptions(state=tmp_path / "state")
    with rig(tmp_path, [0, 40], pods=[1, 20], options=options) as it:
        it.order("U1", 1, [0, 1, "pick", 2, 3, 4, 5])
        it.until(lambda: it.heard["U1"][0].last_node_sequence_id >= 6)
        it.until(lambda: 0.3 < it.fleet.floor.twin.units["along"][0] < 0.7)
        before = picture(it)
        batteries = it.fleet.floor.batteries.charge.copy()
        time_s = it.fleet.time_s
    # What follows knows nothing of the first but the folder.
    with rig(tmp_path, [0, 40], pods=[1, 20], options=options) as it:
        assert picture(it)[:-1] == before[:-1]
        assert it.fleet.time_s == pytest.approx(time_s, abs=0.3)
        assert it.fleet.floor.batteries.charge == pytest.approx(batteries, abs=1e-4)
        assert [it.heard[serial][1].session for serial in ("U1", "U2")] == [2, 2]
        assert it.heard["U1"][0].operating_mode is OperatingMode.STARTUP
        it.run(2.0)
        state, link = it.heard["U1"]
        assert state.operating_mode is OperatingMode.AUTOMATIC
        assert [load.load_id for load in state.loads] == ["P00007"]
        cell = it.fleet.floor.cell_of(0)
        assert link.beyond == f"c.1.{cell + 2}"
        it.order("U1", 2, [cell, cell + 1, cell + 2, "drop"])
        it.until(lambda: not it.heard["U1"][0].loads)
        assert it.fleet.floor.twin.pod_cells().tolist() == [cell + 2, 20]
        assert it.fleet.floor.twin.n_contacts == 0


def picture(it) -> tuple[object, ...]:
    floor = it.fleet.floor
    units = floor.twin.units
    return (
        floor.twin.poses().tolist(), units["along"].tolist(), units["carried"].tolist(),
        units["heading"].tolist(), floor.twin.pod_cells().tolist(), list(floor.labels),
        [floor.cell_of(unit) for unit in range(floor.n_units)], units["speed"].tolist(),
    )  # fmt: skip


def test_a_cancelled_order_stays_cancelled_over_a_restart(tmp_path: Path) -> None:
    options = EmulatorOptions(state=tmp_path / "state")
    with rig(tmp_path, [0], options=options) as it:
        it.order("U1", 1, [0, 1, 2])
        it.until(lambda: it.heard["U1"][0].last_node_sequence_id == 4)
        it.instant("U1", "cancelOrder", 1 << 32 | 5, orderId="1.5.2")
        it.until(lambda: it.heard["U1"][1].tombstone == 1 << 32 | 5)
    with rig(tmp_path, [0], options=options) as it:
        it.run(2.0)
        assert it.heard["U1"][1].tombstone == 1 << 32 | 5
        it.order("U1", 5, [2, 3, 4], stand=2)
        it.run(5.0)
        assert it.fleet.floor.cell_of(0) == 2


def test_killed_at_any_moment_one_of_both_halves_is_whole(tmp_path: Path) -> None:
    """Half a write is never seen: it goes to the half that does not count yet."""
    floor = FloorId(layout="hall", cells="", serials=("U1",), stations=(), n_pods=2)
    with SavedFloor(tmp_path, floor) as saved:
        assert saved.is_new
        for number in (1.0, 2.0):
            half = saved.begin()
            half["time_s"], half["pods"][:] = number, int(number)
            saved.commit()
        half = saved.begin()
        half["time_s"], half["pods"][0] = 3.0, 3  # and here it dies
    with SavedFloor(tmp_path, floor) as saved:
        assert not saved.is_new
        assert saved.latest["time_s"] == 2.0
        assert saved.latest["pods"].tolist() == [2, 2]
    assert saved_time_s(tmp_path) == 2.0


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"layout": "yard"}, "keeps the floor 'hall', and this is 'yard'"),
        ({"cells": "b"}, "keeps the floor 'hall' as it was before it was changed"),
        ({"serials": ("U1", "U2")}, "keeps a floor of 1 units, and these are 2"),
        ({"serials": ("U7",)}, "keeps a floor with the unit U1 and not U7"),
        ({"n_pods": 3}, "keeps a floor with 2 pods, and here are 3"),
    ],
)
def test_the_folder_of_another_floor_is_refused(tmp_path: Path, change: dict, text: str) -> None:
    floor = FloorId(layout="hall", cells="a", serials=("U1",), stations=(), n_pods=2)
    SavedFloor(tmp_path, floor).close()
    with pytest.raises(SavedFloorError, match=text):
        SavedFloor(tmp_path, msgspec.structs.replace(floor, **change))
    SavedFloor(tmp_path, floor).close()


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    floor = FloorId(layout="hall", cells="a", serials=("U1",), stations=(), n_pods=2)
    with (
        SavedFloor(tmp_path, floor),
        pytest.raises(SavedFloorError, match="another emulator works here"),
    ):
        SavedFloor(tmp_path, floor)


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "floor.json").write_text("{}")
    floor = FloorId(layout="hall", cells="a", serials=("U1",), stations=(), n_pods=2)
    with pytest.raises(SavedFloorError, match="not the floor of an emulator"):
        SavedFloor(tmp_path, floor)


# ------------------------------------------------------------------ as processes


@contextmanager
def emulator(folder: Path, address: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """`gridfleet emulate` in a process of its own, which is killed at the end."""
    arguments = [
        "emulate", "--units", "3", "--keys", str(folder / "keys"), "--layout", "teaching",
        "--connect", address, "--state", str(folder / "state"), *more,
    ]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", ENTRY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


class Controller:
    """The socket of one, that hears states and says hello."""

    def __init__(self, folder: Path) -> None:
        store = keys(folder, ["U1", "U2", "U3"])
        for station in load("teaching").stations:
            if station.name != "S1":
                store.add(station.name, Role.STATION)
        self.server = ZmqTransport(["tcp://127.0.0.1:*"], store)
        self.heard: dict[str, tuple[State, Link]] = {}
        self.offline: set[str] = set()
        self._decode = msgspec.json.Decoder(State).decode

    def until(self, is_so: Callable[[], bool]) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < end_s, self.heard
            for message in self.server.take():
                if message.topic is Topic.STATE:
                    self.heard[message.serial] = self._decode(message.payload), message.link
                elif message.topic is Topic.CONNECTION and b"OFFLINE" in message.payload:
                    self.offline.add(message.serial)
            time.sleep(0.002)

    def sessions(self) -> list[int]:
        return [link.session for _, (_, link) in sorted(self.heard.items())]


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    made = Controller(tmp_path)
    yield made
    made.server.close()


def test_an_emulator_that_is_killed_goes_on_in_the_next_process(tmp_path, controller) -> None:
    address = controller.server.addresses[0]
    with emulator(tmp_path, address) as process:
        controller.until(lambda: len(controller.heard) == 3)
        places = {serial: state.last_node_id for serial, (state, _) in controller.heard.items()}
        first = controller.sessions()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with emulator(tmp_path, address):
        controller.until(lambda: controller.sessions() == [session + 1 for session in first])
        controller.until(lambda: all(state.last_node_id for state, _ in controller.heard.values()))
        assert places == {serial: s.last_node_id for serial, (s, _) in controller.heard.items()}


def test_ctrl_c_says_goodbye_and_sums_up(tmp_path, controller) -> None:
    truth = "tcp://127.0.0.1:*"
    with emulator(tmp_path, controller.server.addresses[0], "--json", "--truth", truth) as process:
        controller.until(lambda: len(controller.heard) == 3)
        assert process.stderr is not None
        told = next(line for line in process.stderr if "true poses at" in line)
        with TruthReader(told.split()[-1]) as reader:
            seen = reader.read(PATIENCE_S)
            assert seen is not None
            assert (seen.head.n_units, seen.head.contacts) == (3, 0)
            assert seen.poses.shape == (3, 3)
            assert np.isfinite(seen.poses).all()
            assert seen.carried.tolist() == [-1, -1, -1]
            later = reader.read(PATIENCE_S)
            assert later is not None
            assert later.head.time_s > seen.head.time_s
        process.send_signal(signal.SIGINT)
        controller.until(lambda: controller.offline == {"U1", "U2", "U3"})
        out, _ = process.communicate(timeout=PATIENCE_S)
        figures = json.loads(out)
        assert process.returncode == 130
        assert figures["contacts"] == 0
        assert figures["units"] == 3


def test_fleets_of_another_state_are_refused_without_harm(tmp_path: Path) -> None:
    store = keys(tmp_path, ["U1", "U2"])
    options = EmulatorOptions(state=tmp_path / "state")
    stations = [store.secret_of("S1")]
    build_fleet(
        setting([0]), "tcp://127.0.0.1:5555", [store.secret_of("U1")], stations, options
    ).close()
    with pytest.raises(SavedFloorError, match="of 1 units, and these are 2"):
        build_fleet(
            setting([0, 1]), "tcp://127.0.0.1:5555",
            [store.secret_of("U1"), store.secret_of("U2")], stations, options,
        )  # fmt: skip


def test_stations_alone_are_kept_too(tmp_path: Path) -> None:
    floor = FloorId(layout="any", cells="", serials=(), stations=("S1",), n_pods=3)
    for is_new in (True, False):
        with SavedFloor(tmp_path / "floor", floor) as saved:
            assert (saved.is_new, len(saved.sessions)) == (is_new, 0)
            saved.commit()

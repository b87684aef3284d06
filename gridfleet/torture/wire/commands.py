"""The commands that the processes of a case run, as functions that can be handed to a process.

Imports everything that they need, since this is what the forkserver has ready.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import typer

from gridfleet.cli.emulate import emulate
from gridfleet.cli.interrupt import StopOnInterrupt
from gridfleet.emulator import building, clock, faults, figures, setting  # noqa: F401
from gridfleet.live.books import begun, exists, resumed
from gridfleet.live.head import LiveHead
from gridfleet.live.run import LiveRun
from gridfleet.run_folder import write_events
from gridfleet.scenario import read_scenario
from gridfleet.wiring import compile_kernels
from hw_bridge.backend import BridgeBackend, BridgeOptions
from hw_bridge.roster import Roster
from hw_bridge.transport import RealTime
from hw_bridge.wire.keys import KeyStore, Role
from hw_bridge.wire.server import ZmqTransport


def run_emulator(
    scenario: Path, connect: str, keys: Path, state: Path, truth: str, speed: float,
    fault_file: Path | None,
) -> None:  # fmt: skip
    """`gridfleet emulate`."""
    try:
        emulate(
            scenario=scenario, connect=connect, keys=keys, state=state, truth=truth, speed=speed,
            faults=fault_file, wrong_scans=0.1,
        )  # fmt: skip
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


def run_controller(
    scenario: Path, bind: str, keys: Path, journal: Path, control: str, out: Path, speed: float,
) -> None:  # fmt: skip
    store = KeyStore(keys)
    one = read_scenario(scenario)
    compile_kernels(one.planner)
    units = tuple(entry.serial for entry in store.devices(Role.UNIT))

    def head(ground: Any) -> LiveHead:
        stations = tuple(station.name for station in ground.layout.stations)
        return LiveHead(units=units, stations=stations, begin_unix_s=time.time(), speed=speed)

    opened = resumed(journal, time.time()) if exists(journal) else begun(journal, one, head, time.time())
    with opened as books, StopOnInterrupt() as stop:
        print("epoch", books.epoch, *books.notes)
        fleet_s = max(books.last_s, (time.time() - books.head.begin_unix_s) * speed)
        clock_ = RealTime(fleet_s, speed)
        transport = ZmqTransport([bind], store, clock=clock_.now_s)
        roster = Roster(books.head.units, books.head.stations)
        pods = books.ground.setup.pod_cells
        backend = BridgeBackend(books.ground.layout, roster, [transport], clock_, books.epoch, pod_cells=pods, options=BridgeOptions(patience_s=10 * speed))
        try:
            run = LiveRun(books, backend, clock_)
            run.start()
            print("started", run.cycle)
            ended = run.run(stop.asked)
            print(ended.why, ended.text, run.n_cycles, run.n_skipped, run.n_overruns, run.longest_s, backend.refused(), backend.figures)
            if ended.failure:
                import traceback
                traceback.print_exception(ended.failure)
            out.mkdir(exist_ok=True)
            write_events(out, ended.record.events)
        finally:
            backend.close()
    sys.exit(1 if ended.failure else 130)

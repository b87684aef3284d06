"""What experiment_engine.py runs: one replication on a floor, bytes in and bytes out."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from gridfleet.kpis import kpis
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from gridfleet.wiring import compile_kernels
from gridfleet.wiring.fleet import planner_of
from layouts import load

OF_THIS_MACHINE = ("wall_s", "speed_x_real_time", "plan_ms", "cycle_ms")
"""Figures that are not the same in every run."""


def prepare() -> None:
    compile_kernels(planner_of(Scenario(layout="teaching"), load("teaching")).name)


def simulate(job: bytes) -> bytes:
    """job: a scenario as JSON; with "kill", a file that a first run makes before it kills its
    process. Returns key figures, or with "timed" the seconds it took, by the clock and of CPU, and
    the CPU time of the process since it started."""
    options = json.loads(job)
    is_timed, marker = options.pop("timed", False), options.pop("kill", None)
    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    if marker is not None and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    figures = kpis(Simulation(Scenario(**options)).run())
    kept = {key: value for key, value in figures.items() if key not in OF_THIS_MACHINE}
    if is_timed:
        wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_began_s
        kept = {"wall_s": wall_s, "cpu_s": cpu_s, "process_cpu_s": time.process_time()}
    return json.dumps(kept, sort_keys=True).encode()

"""One run of one variant: what is to be run, what came out, and the function from one to the other.

Jobs and outcomes are bytes, so that processes, a cluster and the folder of an experiment hold the
very same. A runner takes the files of the scenarios along: workers need not see the same disk.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gridfleet.experiments.measures.minutes import (
    MinuteRecorder,
    Minutes,
    RunClockwork,
    orders_done,
    work_of,
)
from gridfleet.kpis import kpis
from gridfleet.record import BrokenRunError, RunRecord
from gridfleet.scenario import Scenario
from gridfleet.simulation import Progress, Simulation
from gridfleet.wiring import compile_kernels
from gridfleet.wiring.fleet import planner_of
from layouts import library_names, load
from layouts.loading import floor_files

MACHINE_FIGURES = ("plan_ms", "wall_s", "speed_x_real_time")
"""Key figures that are another in every run: an outcome has none of them."""
Floats = NDArray[np.float64]


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One of the things compared.

    name: in tables. scenario: its paths absolute, its seed that of none. files: what is in each
    file that the scenario names, by path.
    """

    name: str
    scenario: Scenario
    files: dict[str, bytes] = {}

    @property
    def digest(self) -> str:
        """Changes with anything that the outcome depends on."""
        return hashlib.sha256(msgspec.msgpack.encode(self)).hexdigest()[:16]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One replication. digest: of the variant, so that no outcome of another is taken for it."""

    variant: str
    digest: str
    seed: int

    @property
    def key(self) -> str:
        return f"{self.variant}-{self.seed}"

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(self)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one replication came to.

    work: "lines", "parcels" or "errands". columns: float64[n_minutes] each, as bytes. order_done_s,
    order_cycle_s: float64[k]. visits: int32[n_cells], arrivals of units. wait_s: float32[n_cells],
    unit seconds spent waiting there. kpis: of the whole run, as in kpis.json, without those that
    depend on the machine. failure: why the run broke, "" if it did not.
    """

    variant: str
    seed: int
    work: str
    n_units: int
    n_stations: int
    cell_size_m: float
    columns: dict[str, bytes]
    order_done_s: bytes
    order_cycle_s: bytes
    visits: bytes
    wait_s: bytes
    kpis: dict[str, Any]
    failure: str = ""

    @property
    def minutes(self) -> Minutes:
        return {name: np.frombuffer(data) for name, data in self.columns.items()}

    @property
    def n_minutes(self) -> int:
        return min((len(data) // 8 for data in self.columns.values()), default=0)

    @property
    def orders(self) -> tuple[Floats, Floats]:
        """When each order was done, and its cycle time, in seconds."""
        return np.frombuffer(self.order_done_s), np.frombuffer(self.order_cycle_s)

    @property
    def heat(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Arrivals and seconds of waiting, by cell."""
        return np.frombuffer(self.visits, np.int32), np.frombuffer(self.wait_s, np.float32)

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(self, enc_hook=_plain)


def _plain(value: object) -> object:
    """Key figures are numpy numbers here and there."""
    return value.item() if isinstance(value, np.generic) else value


def decode_outcome(data: bytes) -> Outcome:
    """The outcome that `Outcome.encode` wrote. Raises msgspec.DecodeError for anything else."""
    return msgspec.msgpack.decode(data, type=Outcome)


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs jobs of these variants, by name; one and the same function on every worker."""

    variants: Mapping[str, Variant] = field(default_factory=dict)

    def __call__(self, data: bytes) -> bytes:
        """Run the job; raises a GridfleetError for a scenario that cannot be run."""
        job = msgspec.msgpack.decode(data, type=Job)
        return self.run(job).encode()

    def run(self, job: Job) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            scenario = with_files(self.variants[job.variant], Path(folder))
            return run_one(job.variant, msgspec.structs.replace(scenario, seed=job.seed))


def prepare() -> None:
    """Load the kernels of a run, which takes a second, before the first job of a worker."""
    floor = library_names()[0]
    compile_kernels(planner_of(Scenario(layout=floor), load(floor)).name)


def run_one(name: str, scenario: Scenario) -> Outcome:
    """Run the scenario to its end, or until it breaks."""
    simulation = Simulation(msgspec.structs.replace(scenario, poses_hz=0.0))
    recorder, failure = MinuteRecorder(RunClockwork(simulation)), ""

    def look(news: Progress) -> None:
        recorder.look(news.sim_s)

    try:
        record = simulation.run(look)
    except BrokenRunError as error:
        record, failure = error.record, str(error)
    finally:
        simulation.close()
    recorder.look(record.sim_s)
    return _outcome(name, scenario.seed, record, recorder.minutes(record), failure)


def _outcome(name: str, seed: int, record: RunRecord, minutes: Minutes, failure: str) -> Outcome:
    done_s, cycle_s, _ = orders_done(record)
    figures = {key: value for key, value in kpis(record).items() if key not in MACHINE_FIGURES}
    return Outcome(
        variant=name,
        seed=seed,
        work=work_of(record.layout, record),
        n_units=record.n_units,
        n_stations=len(figures["stations"]),
        cell_size_m=record.layout.cell_size_m,
        columns={column: values.tobytes() for column, values in minutes.items()},
        order_done_s=done_s.tobytes(),
        order_cycle_s=cycle_s.tobytes(),
        visits=record.visits.astype(np.int32).tobytes(),
        wait_s=record.wait_s.astype(np.float32).tobytes(),
        kpis=figures,
        failure=failure,
    )


# ---------------------------------------------------------------------- files of a scenario


def files_of(scenario: Scenario) -> dict[str, bytes]:
    """What is in the files that the scenario names. Raises OSError for one that cannot be read,
    LayoutError for a floor."""
    paths = [scenario.order_file, scenario.faults, scenario.stock.file]
    paths.append(scenario.guidance_file)
    if scenario.layout not in library_names():
        paths += map(str, floor_files(Path(scenario.layout)))
    return {path: Path(path).read_bytes() for path in sorted(filter(None, paths))}


def with_files(variant: Variant, folder: Path) -> Scenario:
    """The scenario with files that hold what the variant says: those that it names, where all of
    them do, or else copies in the folder."""
    if all(_is_there(path, data) for path, data in variant.files.items()):
        return variant.scenario
    placed = {path: _place(path, data, folder) for path, data in variant.files.items()}
    scenario = variant.scenario
    return msgspec.structs.replace(
        scenario,
        layout=placed.get(scenario.layout, scenario.layout),
        orders=placed.get(scenario.orders, scenario.orders),
        faults=placed.get(scenario.faults, scenario.faults),
        guidance=placed.get(scenario.guidance, scenario.guidance),
        stock=replace(scenario.stock, file=placed.get(scenario.stock.file, scenario.stock.file)),
    )


def _is_there(path: str, data: bytes) -> bool:
    there = Path(path)
    return there.is_file() and there.read_bytes() == data


def _place(path: str, data: bytes, folder: Path) -> str:
    """Copies keep their names, one of which may name the floor, and lie to each other as the files
    do, one of which may name another."""
    there = Path(os.path.abspath(path))
    copy = folder / there.relative_to(there.anchor)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(data)
    return str(copy)

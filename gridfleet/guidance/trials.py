"""One run that judges a guidance: seconds of units for each task.

Floors with stations run the work that they are for, with more orders or parcels waiting than they
can do, in the twin. Bare maps run the plain lifelong bench, in steps. A trial is bytes in and bytes
out, so that processes run it and a folder keeps it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.grid import CELL_COST
from fleet_control.mapf.planner_choice import PLANNER_NAMES, chosen_planner
from gridfleet.bench.lifelong import Lifelong, run_lifelong
from gridfleet.bench.lorr.play import Unwatched
from gridfleet.experiments.measures.window import window_of
from gridfleet.experiments.replication import files_of, run_one
from gridfleet.experiments.variants import line_up_variants
from gridfleet.guidance.errors import GuidanceError
from gridfleet.guidance.field import CostField
from gridfleet.scenario import Scenario
from gridfleet.typed_files import suggest
from gridfleet.wiring import ERRANDS, kind_of_work
from layouts import Layout, load

WARM_UP_SHARE = 0.25
"""Of a run, which is left out."""


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What all trials of a search share. scenario: of a simulated run; None for the lifelong bench.
    steps: of the bench. digest: of the files that the scenario names."""

    layout: str
    units: int
    planner: str
    steps: int
    scenario: Scenario | None
    digest: str
    over_edges: bool = False

    @property
    def unit(self) -> str:
        """Of a figure."""
        return "unit steps" if self.scenario is None else "unit seconds"


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """guidance: a name, or figures of the cost field where it is empty."""

    ground: Ground
    seed: int
    guidance: str = ""
    figures: tuple[float, ...] = ()

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(self)


def ground_for(
    layout: str, units: int, planner: str, hours: float, steps: int, *, over_edges: bool = False
) -> Ground:
    """What to run on this floor. units: 0 for as many as the floor advises. Raises GridfleetError
    for what cannot be run."""
    floor = load(layout)
    faults = []
    if planner not in PLANNER_NAMES:
        faults.append(f"unknown planner {planner!r}; {suggest(planner, PLANNER_NAMES)}")
    if units < 0 or (units == 0 and not floor.recommended_units):
        faults.append(f"how many units? {floor.name} advises none; give --units N")
    if steps < 1 or not 0.0 < hours < float("inf"):
        faults.append(f"trials of {hours:g} hours or {steps} steps; give more than 0")
    if faults:
        raise GuidanceError("\n".join(faults))
    units = units or floor.recommended_units
    planner = chosen_planner(
        planner, floor, units, CELL_COST, serves_people=bool(floor.stations)
    ).name
    digest = _digest(Scenario(layout=layout).resolved(Path()))
    if kind_of_work(floor) == ERRANDS:
        return Ground(
            layout=layout, units=units, planner=planner, steps=steps, scenario=None,
            digest=digest, over_edges=over_edges,
        )  # fmt: skip
    options = {"robots": units, "planner": planner, "hours": hours, "guidance": "none"}
    scenario = line_up_variants([layout], options).variants[0].scenario
    return Ground(
        layout=layout, units=units, planner=planner, steps=0, scenario=scenario, digest=digest,
        over_edges=over_edges,
    )  # fmt: skip


def _digest(scenario: Scenario) -> str:
    import hashlib

    found = hashlib.sha256()
    for path, data in files_of(scenario).items():
        found.update(f"{path}\n{len(data)}\n".encode() + data)
    return found.hexdigest()[:16]


def run_trial(data: bytes) -> bytes:
    """The figure of a trial as eight bytes: unit seconds (steps) for each task, infinite where no
    task was done. Raises a GridfleetError for what cannot be run."""
    trial = msgspec.msgpack.decode(data, type=Trial)
    if trial.guidance:
        return np.float64(_figure(trial, trial.guidance)).tobytes()
    layout = load(trial.ground.layout)
    weights = weights_of(layout, trial.ground, np.array(trial.figures))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "guidance.npy"
        np.save(path, weights)
        return np.float64(_figure(trial, str(path))).tobytes()


def weights_of(layout: Layout, ground: Ground, figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[n_cells, 4] of the cost field. figures: in scales."""
    return CostField(layout, over_edges=ground.over_edges).weights(figures)


def _figure(trial: Trial, guidance: str) -> float:
    ground = trial.ground
    if ground.scenario is None:
        wanted = Lifelong(
            ground.units, ground.steps, planner=ground.planner, guidance=guidance, seed=trial.seed
        )
        result = run_lifelong(load(ground.layout), wanted, Unwatched())
        rate = result.rate(int(WARM_UP_SHARE * ground.steps))
        return ground.units / rate if rate else np.inf
    scenario = msgspec.structs.replace(ground.scenario, guidance=guidance, seed=trial.seed)
    outcome = run_one("trial", scenario)
    if outcome.failure:
        return np.inf
    rate = window_of(outcome, int(WARM_UP_SHARE * outcome.n_minutes)).a_hour("tasks")
    return 3600.0 * outcome.n_units / rate if rate else np.inf


def prepare() -> None:
    """Load the kernels of a run before the first trial of a worker."""
    from gridfleet.experiments.replication import prepare as prepare_runs

    prepare_runs()

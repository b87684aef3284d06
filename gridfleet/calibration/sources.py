"""What units can be measured by: a file of legs, the folder of a run that has one, a wire log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gridfleet.calibration.errors import CalibrationError
from gridfleet.calibration.legs_file import read_legs
from gridfleet.calibration.wire_legs import legs_of_wire
from gridfleet.run_folder import LEGS, SCENARIO, is_run
from gridfleet.scenario import read_scenario
from hw_bridge.wire_log import WireLogError
from twin.legs import Legs
from twin.unit_model import DEFAULT_UNIT, UnitModel

KNOWN = "legs.parquet or its run folder (simulate --legs), or a wire log (serve --wire-log)"


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """legs: all of the log. unit: the model that its units are set to, as far as it tells. says:
    where they come from and how exactly times are known."""

    legs: Legs
    unit: UnitModel
    says: str


def read_log(path: Path, unit: UnitModel | None = None) -> Log:
    """unit: the model that units are set to, where that is known; else that of the run's scenario,
    or the default one. Raises CalibrationError for what is no log, or has no legs."""
    if not path.exists():
        raise CalibrationError(f"{path} does not exist; give {KNOWN}")
    if path.is_dir():
        path = _legs_of_folder(path)
    if path.suffix == ".parquet":
        legs = read_legs(path)
        unit = unit or _unit_beside(path)
        says = f"ticks of {legs.resolution_s:.4g} s"
    else:
        unit = unit or DEFAULT_UNIT
        legs = _legs_of_wire(path, unit)
        says = f"a wire log: times are known to {legs.resolution_s:.2g} s"
    if not len(legs):
        raise CalibrationError(f"{path} has no legs: no unit has ended one; log a longer time")
    return Log(legs, unit, f"{path}: {len(legs):,} legs, {says}")


def _legs_of_folder(folder: Path) -> Path:
    path = folder / LEGS
    if path.is_file():
        return path
    if is_run(folder):
        raise CalibrationError(f"{folder} has no {LEGS}; run it again with simulate --legs")
    raise CalibrationError(f"{folder} is not the result of a run; simulate --legs makes one")


def _unit_beside(path: Path) -> UnitModel:
    scenario = path.parent / SCENARIO
    return read_scenario(scenario).unit if scenario.is_file() else DEFAULT_UNIT


def _legs_of_wire(path: Path, unit: UnitModel) -> Legs:
    try:
        return legs_of_wire(path, unit)
    except WireLogError as error:
        raise CalibrationError(f"{error}; give {KNOWN}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path} cannot be read: {error}") from None

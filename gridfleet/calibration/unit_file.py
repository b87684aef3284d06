"""Unit models as TOML files: the keys of a scenario's table [unit], without that name."""

from __future__ import annotations

from pathlib import Path

from gridfleet.calibration.errors import CalibrationError
from gridfleet.run_folder import write_text
from gridfleet.typed_files import read_file, to_toml
from gridfleet.unit_faults import unit_faults
from twin.unit_model import UnitModel


def read_unit(path: Path) -> UnitModel:
    """Raises CalibrationError with all faults of the file, a line each; what only an engine of
    bodies asks of a unit is asked when it is to run."""
    unit = read_file(path, UnitModel, CalibrationError)
    faults = list(unit_faults(unit, engine=""))
    if faults:
        raise CalibrationError("\n".join(f"{path}: {fault}" for fault in faults))
    return unit


def write_unit(path: Path, unit: UnitModel, comment: str) -> None:
    """Write the model in one piece. comment: what a reader has to know, in one line or more.
    Raises CalibrationError where it cannot be written."""
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    try:
        write_text(path.parent, path.name, f"{head}\n{to_toml(unit)}")
    except OSError as error:
        raise CalibrationError(f"{path} cannot be written: {error.strerror}") from None

"""What drive units really do, measured from their legs, as a unit model that the twins read."""

from gridfleet.calibration.errors import CalibrationError
from gridfleet.calibration.fit import Fit, calibrate
from gridfleet.calibration.sources import Log, read_log
from gridfleet.calibration.unit_file import read_unit, write_unit

__all__ = ["CalibrationError", "Fit", "Log", "calibrate", "read_log", "read_unit", "write_unit"]

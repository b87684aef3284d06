"""What a scenario becomes on a floor: its kind of work, its fleet, its units.

`kind_of_work` tells by what the floor has which work it can do; one module for each makes it ready.
"""

from gridfleet.wiring.choice import ERRANDS, kind_of_work, set_up_work
from gridfleet.wiring.fleet import line_up
from gridfleet.wiring.units import check_unit, controller_options
from gridfleet.wiring.warm_up import compile_kernels, compile_link_kernels
from gridfleet.wiring.work_setup import RunWork, WorkSetup

__all__ = [
    "ERRANDS",
    "RunWork",
    "WorkSetup",
    "check_unit",
    "compile_kernels",
    "compile_link_kernels",
    "controller_options",
    "kind_of_work",
    "line_up",
    "set_up_work",
]

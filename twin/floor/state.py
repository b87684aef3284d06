"""The state of one simulated unit, as a record: all of it in two cache lines."""

from __future__ import annotations

import numpy as np

UNIT = np.dtype(
    [
        ("x", np.float64),  # centre, metres in the world frame
        ("y", np.float64),
        ("yaw", np.float64),
        ("speed", np.float64),
        ("along", np.float64),  # metres since the last cell centre passed
        ("turn_left", np.float64),  # radians, signed
        ("turn_rate", np.float64),
        ("timer", np.float64),  # seconds left of lifting, lowering or settling
        ("done", np.int32),  # step numbers, see fleet_control.backend
        ("cleared", np.int32),
        ("released", np.int32),
        ("first", np.int32),  # step of the last centre passed in the straight run
        ("last", np.int32),  # step where the straight run ends
        ("outlook_step", np.int32),  # step that may be turned to before it is released
        ("outlook_cell", np.int32),
        ("carried", np.int32),  # pod or -1
        ("square", np.int32),  # square of floor for the monitor, and its list of units
        ("after", np.int32),
        ("before", np.int32),
        ("contact_tick", np.int32),  # last tick in which the monitor saw it in contact
        ("factor", np.float32),  # share of its speed that it may use; 0: it comes to a stand
        ("run_limit", np.float32),  # lowest speed limit of what is left of the straight run, m/s
        ("mode", np.int8),
        ("heading", np.int8),
        ("fault", np.int8),
        ("awake", np.int8),  # moved or acted in this tick
        ("fails", np.int8),  # so many attempts to lift or lower will not work
        ("keeps_turn", np.int8),  # a turn that has begun keeps the step that it belongs to open
    ],
    align=True,
)

"""What the courier knows of each unit, as a record, with the steps that were released to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.link.messages import RING, STATE

UNHEARD, UNPLACED, PLACED, STRAY = 0, 1, 2, 3
"""Stages: has not answered this controller yet; does not say where it stands; stands among the
steps in the books; stands elsewhere."""
DEAD, TO_RENEW = 1, 2
"""Orders that take no more steps: the unit has given it up, or will never take it where it is."""
NEVER_S = -1e9

BOOK = np.dtype(
    [
        ("seq", np.int64),  # of the newest state heard
        ("order", np.int64),  # order that its steps go out under; 0 none
        ("before", np.int64),  # the one it had before, until it has taken this one
        ("cancel", np.int64),  # order that is being cancelled; 0 none, -1 once it is known which
        ("wish", np.int64),  # latest PAUSE or RESUME; 0 none
        ("retry", np.int64),
        ("heard_s", np.float64),
        ("sent_s", np.float64),  # when its order went out last
        ("instant_s", np.float64),  # when its instants went out last
        ("heard_session", np.int32),  # of the newest state heard
        ("session", np.int32),  # the one that its orders are meant for
        ("stand", np.int32),  # step at which the order begins
        ("done", np.int32),  # steps: see fleet_control.backend.Reports
        ("cleared", np.int32),
        ("released", np.int32),
        ("base", np.int32),  # how much of that the unit has confirmed under this order
        ("told_done", np.int32),  # as reported last
        ("told_cleared", np.int32),
        ("told_session", np.int32),
        ("ahead_step", np.int32),  # outlook
        ("ahead_cell", np.int32),
        ("wish_kind", np.int8),
        ("told_fault", np.int8),
        ("told_flags", np.int8),
        ("laden", np.int8),  # at step done; -1 unknown
        ("stage", np.int8),
        ("is_dead", np.int8),  # 0, DEAD or TO_RENEW: the next steps need a new order
        ("is_echoed", np.int8),  # the unit has taken this order
        ("is_anew", np.int8),  # its steps begin at 0 again, whatever it remembers
        ("is_new", np.int8),  # there is something to send that has not been sent yet
        ("is_restored", np.int8),  # the controller has said what it released before
    ],
    align=True,
)


class Books:
    """One BOOK per unit, and its steps `cleared` to `released` in slots s % RING.

    cells: int32[n_units, RING], -1 unknown. acts: int8, speeds: float32, of the same shape.
    latest: STATE[n_units], the newest of each unit.
    """

    def __init__(self, n_units: int) -> None:
        self.units = np.zeros(n_units, dtype=BOOK)
        for name in ("heard_session", "session", "told_session"):
            self.units[name] = -1
        self.units["laden"] = -1
        self.units["is_dead"] = 1
        for name in ("heard_s", "sent_s", "instant_s"):
            self.units[name] = NEVER_S
        self.cells = np.full((n_units, RING), -1, dtype=np.int32)
        self.acts = np.zeros((n_units, RING), dtype=np.int8)
        self.speeds = np.full((n_units, RING), np.inf, dtype=np.float32)
        self.latest = np.zeros(n_units, dtype=STATE)
        self.latest["cell"] = self.latest["next"] = self.latest["load"] = -1

    def last_cells(self) -> NDArray[np.int32]:
        """int32[n_units], cell of the last released step."""
        slots = self.units["released"] % RING
        cells: NDArray[np.int32] = self.cells[np.arange(len(self.units)), slots]
        return cells

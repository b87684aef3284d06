"""Why a unit drives slower than it could. The lowest factor of all causes counts."""

from __future__ import annotations

from enum import IntEnum


class Cause(IntEnum):
    """Columns of float[n_units, len(Cause)], shares of the speed: 1 for a cause that is none."""

    ASKED = 0
    """Was asked to pause."""
    FORGOTTEN = 1
    """Has been switched on and is not under way again."""
    STOP = 2
    """Stands for a reason of its own, and goes on later."""
    SLOW = 3

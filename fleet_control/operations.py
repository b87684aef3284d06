"""What an operator asks of a running fleet: inputs of the controller like reports and orders."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class OperationKind(StrEnum):
    """What is asked."""

    PAUSE = "pause"
    """One unit stands still until RESUME."""
    RESUME = "resume"
    PAUSE_ALL = "pause-all"
    """Nothing moves; shown as stopped once every unit has said so."""
    RESUME_ALL = "resume-all"
    DRAIN = "drain"
    """No new tasks; those under way are finished, and units come to rest."""
    UNDRAIN = "undrain"
    CLOSE_AREA = "close-area"
    """Nobody enters these cells; units inside leave, or stop where they cannot."""
    OPEN_AREA = "open-area"
    BLOCK = "block"
    """Something lies on these cells: nobody drives there."""
    UNBLOCK = "unblock"
    REMOVE = "remove"
    """The unit has been taken off the floor; somebody has looked. Its cells are free."""
    ADMIT = "admit"
    """The unit may go on from where it says it stands, although nobody expects it there."""
    ADD_ORDERS = "add-orders"
    """More orders, placed now."""
    CANCEL_TASK = "cancel-task"
    """The task is given up, if its pod has not been lifted: what it was to do is open again."""
    CANCEL_ORDER = "cancel-order"
    """What nobody has begun to handle of the order is not wanted any more."""
    LEAVE_OUT = "leave-out"
    """The unit, of which nobody knows where it stands, is not on the floor; somebody has looked.
    Of one that has said where it stands this changes nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class NewOrders:
    """Orders that come while the fleet runs, by value.

    names: one per order. due_s: float64[n_orders], inf where nobody waits. line_order:
    int32[n_lines], row of each line's order here, ascending. line_sku: int32[n_lines], number of
    the SKU. line_quantity: int32[n_lines], units to pick (positive) or to stow (negative), not 0.
    """

    names: tuple[str, ...]
    due_s: NDArray[np.float64]
    line_order: NDArray[np.int32]
    line_sku: NDArray[np.int32]
    line_quantity: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Operation:
    """unit: of those that concern one. name: of an area. cells: of areas and blocks.
    speed_m_s: limit within `margin` cells around a closed area, 0 for none. task, order: numbers,
    of those that concern one. orders: to be added."""

    kind: OperationKind
    unit: int = -1
    name: str = ""
    cells: tuple[int, ...] = ()
    speed_m_s: float = 0.0
    margin: int = 2
    task: int = -1
    order: int = -1
    orders: NewOrders | None = None

"""Names that travel in VDA 5050 messages: of cells, orders, actions, pods, and types.

An identifier may hold A-Z a-z 0-9 _ - . : and nothing else (VDA 5050, section 7.1.2).

A step of a unit's stream is a node of its order: step s is the node with sequenceId
2 (s - stand), where `stand` is the step at which the order begins. A LIFT or LOWER is a node at the
same place as the one before, with the action on it, so that it can be released to a unit that
stands there already: nodes of the base never change, and actions on them neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ID_PATTERN = re.compile(r"[A-Za-z0-9_\-.:]+")
MAP_ID = "floor"
PICK, DROP = "pick", "drop"
CANCEL_ORDER, START_PAUSE, STOP_PAUSE, RETRY = "cancelOrder", "startPause", "stopPause", "retry"
STATE_REQUEST, FACTSHEET_REQUEST = "stateRequest", "factsheetRequest"
LOAD_TYPE = "pod"
EPOCH_BITS = 32

NO_POD, POD_IN_THE_WAY, LIFT_FAILED = "NO_POD", "POD_IN_THE_WAY", "LIFT_FAILED"
PATH_BLOCKED, LOST_PLACE, BROKEN = "PATH_BLOCKED", "LOST_PLACE", "BROKEN"
"""Types of errors with which a unit says why it cannot go on."""
NO_ORDER_TO_CANCEL = "NO_ORDER_TO_CANCEL"


_DIGITS = 10
"""Of the largest number in a name; longer ones are none, and int() may refuse them."""


def is_number(text: str) -> bool:
    return len(text) <= _DIGITS and text.isascii() and text.isdecimal()


def node_id(cell: int, n_cols: int) -> str:
    """c.ROW.COLUMN, counted from 1 as on screens."""
    row, col = divmod(cell, n_cols)
    return f"c.{row + 1}.{col + 1}"


def edge_id(from_cell: int, to_cell: int, n_cols: int) -> str:
    return f"e{node_id(from_cell, n_cols)[1:]}{node_id(to_cell, n_cols)[1:]}"


def cell_of(name: str, n_rows: int, n_cols: int) -> int:
    """Cell of a node id; -1 for anything else."""
    parts = name.split(".")
    if len(parts) != 3 or parts[0] != "c" or not (is_number(parts[1]) and is_number(parts[2])):
        return -1
    row, col = int(parts[1]) - 1, int(parts[2]) - 1
    return row * n_cols + col if 0 <= row < n_rows and 0 <= col < n_cols else -1


@dataclass(frozen=True, slots=True)
class OrderName:
    """number: epoch << 32 | count, as in fleet_control.link.messages. stand: step at which the
    order begins, so that a unit under way tells its step numbers to any controller."""

    number: int
    stand: int

    def __str__(self) -> str:
        return f"{self.number >> EPOCH_BITS}.{self.number & 0xFFFFFFFF}.{self.stand}"


def order_named(name: str) -> OrderName | None:
    """The order of an orderId; None for one that is not ours."""
    parts = name.split(".")
    if len(parts) != 3 or not all(is_number(part) for part in parts):
        return None
    epoch, count, stand = (int(part) for part in parts)
    if epoch >= 1 << 31 or count >= 1 << EPOCH_BITS or stand >= 1 << 31:
        return None
    return OrderName(epoch << EPOCH_BITS | count, stand)


def instant_name(action_type: str, number: int) -> str:
    """actionId of an instant action: its type and the number of order or request."""
    return f"{action_type}.{number >> EPOCH_BITS}.{number & 0xFFFFFFFF}"


def instant_named(name: str) -> tuple[str, int] | None:
    """Type and number of an actionId of ours, else None."""
    parts = name.split(".")
    if len(parts) != 3 or not (is_number(parts[1]) and is_number(parts[2])):
        return None
    epoch, count = int(parts[1]), int(parts[2])
    if epoch >= 1 << 31 or count >= 1 << EPOCH_BITS:
        return None
    return parts[0], epoch << EPOCH_BITS | count


def step_action_name(order: OrderName, step: int) -> str:
    """actionId of the LIFT or LOWER that is that step."""
    return f"{order}.{step}"


def pod_name(pod: int) -> str:
    """Label of a pod, as its loadId."""
    return f"P{pod:05d}"


def pod_named(name: str) -> int:
    """Index of a pod by its label; -1 for anything else."""
    if name[:1] != "P" or not is_number(name[1:]) or int(name[1:]) >= 1 << 31:
        return -1
    return int(name[1:])

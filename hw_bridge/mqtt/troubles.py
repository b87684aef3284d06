"""What the errors of a vehicle mean for its unit.

Makers name their errors as they like. Those that end nothing are left alone; of the others, what
the name says is taken, and what it does not say is that somebody has to look.
"""

from __future__ import annotations

from hw_bridge.agent.motors import Trouble
from hw_bridge.vda5050.action import Action
from hw_bridge.vda5050.state import Error, ErrorLevel, State

_GRAVE = (ErrorLevel.CRITICAL, ErrorLevel.FATAL)
_WORDS = (
    (Trouble.LOST_PLACE, ("localiz", "localis", "lostplace", "positionlost")),
    (Trouble.PATH_BLOCKED, ("blocked", "obstacle", "obstruct", "pathblocked")),
    (Trouble.NO_POD, ("noload", "nopod", "loadmissing", "loadnotfound")),
    (Trouble.POD_IN_THE_WAY, ("podintheway", "positionoccupied", "loadintheway")),
    (Trouble.LIFT_FAILED, ("lift", "pick", "drop", "loadhandling")),
)
_OF_ORDERS = (
    "order", "validation", "noroute", "outofrange", "unsupportedparameter", "insufficientmemory",
    "cancel", "instantaction", "notavailable",
)  # fmt: skip


def trouble_of(state: State) -> Trouble | None:
    """Why the vehicle cannot go on, by its errors."""
    for error in state.errors:
        if error.error_level in _GRAVE and not _is_about_orders(error):
            return named(error.error_type)
    return None


def named(error_type: str) -> Trouble:
    word = _plain(error_type)
    for trouble, parts in _WORDS:
        if any(part in word for part in parts):
            return trouble
    return Trouble.BROKEN


def why_failed(state: State, action: Action | None) -> Trouble:
    """Of a lift or lower, by the error that names it."""
    for error in state.errors:
        values = [reference.reference_value for reference in error.error_references]
        if action is not None and action.action_id in values:
            trouble = named(error.error_type)
            return Trouble.LIFT_FAILED if trouble is Trouble.BROKEN else trouble
    return Trouble.LIFT_FAILED


def order_complaints(state: State) -> tuple[str, ...]:
    """What it says against orders."""
    return tuple(
        f"{error.error_type}: {error.error_description}".rstrip(": ")[:200]
        for error in state.errors
        if _is_about_orders(error)
    )


def _is_about_orders(error: Error) -> bool:
    word = _plain(error.error_type)
    return any(part in word for part in _OF_ORDERS)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())

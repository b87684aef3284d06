"""Instant actions that the gateway has asked a vehicle for, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hw_bridge.vda5050.action import Action, ActionParameter, ActionStatus, BlockingType
from hw_bridge.vda5050.state import State

PREFIX = "i."
RESEND_S = 1.0
MOST_SENT = 10
"""Vehicles that do not show instant actions in their states have had them all the same."""


def is_instant(action_id: str) -> bool:
    """Whether the gateway has named an instant action so."""
    return action_id.startswith(PREFIX)


@dataclass(slots=True)
class Ask:
    """An instant action that is to be done. status: None until the vehicle has shown it."""

    action: Action
    asked_s: float
    sent_s: float = -1e9
    n_sent: int = 0
    status: ActionStatus | None = None

    @property
    def is_over(self) -> bool:
        return self.status is not None and self.status.is_over

    def is_due(self, now_s: float) -> bool:
        is_shown = self.status is not None or self.n_sent >= MOST_SENT
        return not is_shown and now_s - self.sent_s >= RESEND_S


@dataclass(slots=True)
class Asks:
    """Names instant actions, each differently for good. life: differs from one start to another."""

    life: int
    _count: int = 0
    _open: dict[str, Ask] = field(default_factory=dict)

    def new(self, action_type: str, now_s: float, **parameters: Any) -> Ask:
        self._count += 1
        action = Action(
            action_type=action_type,
            action_id=f"{PREFIX}{self.life}.{self._count}",
            blocking_type=BlockingType.NONE,
            action_parameters=tuple(
                ActionParameter(key=key, value=value) for key, value in parameters.items()
            ),
        )
        ask = Ask(action, now_s)
        self._open[action.action_id] = ask
        return ask

    def hear(self, state: State) -> None:
        for told in state.instant_action_states:
            ask = self._open.get(told.action_id)
            if ask is None:
                continue
            ask.status = told.action_status
            if ask.is_over:
                del self._open[told.action_id]

    def due(self, now_s: float) -> list[Action]:
        """What has to be sent now."""
        due = [ask for ask in self._open.values() if ask.is_due(now_s)]
        for ask in due:
            ask.sent_s, ask.n_sent = now_s, ask.n_sent + 1
        return [ask.action for ask in due]

    def drop(self, ask: Ask) -> None:
        """Nobody waits for it any more."""
        self._open.pop(ask.action.action_id, None)

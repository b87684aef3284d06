"""The action of a lift or lower, as a vehicle knows it by its factsheet."""

from __future__ import annotations

from dataclasses import dataclass

from hw_bridge.agent.motors import Move, MoveKind
from hw_bridge.mqtt.abilities import Abilities, Skill
from hw_bridge.mqtt.progress import UNREADABLE
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import Action, ActionParameter


@dataclass(frozen=True, slots=True)
class Unable:
    """It cannot be done; why: for people."""

    why: str


def action_for(move: Move, label: str, abilities: Abilities, action_id: str) -> Action | Unable:
    """The action that does a move. label: of what the vehicle carries, as far as known."""
    name = abilities.lifting() if move.kind is MoveKind.LIFT else abilities.lowering()
    if not name:
        return Unable(f"its factsheet names no action to {move.kind} a pod")
    skill = abilities.skills[name]
    values = _values(move, label, abilities)
    missing = [
        key for key, needed in (skill.parameters or {}).items() if needed and not values.get(key)
    ]
    if missing:
        return Unable(f"its action {name} needs parameters not known here: {', '.join(missing)}")
    return Action(
        action_type=name,
        action_id=action_id,
        blocking_type=skill.blocking,
        action_parameters=tuple(
            ActionParameter(key=key, value=value)
            for key, value in values.items()
            if value and _is_known(key, skill)
        ),
    )


def _values(move: Move, label: str, abilities: Abilities) -> dict[str, str]:
    """Parameters of pick and drop (VDA 5050 3.0.0, section 6.2.3)."""
    return {
        "stationType": "floor",
        "loadType": names.LOAD_TYPE,
        "loadId": move.load or ("" if label == UNREADABLE else label),
        "lhd": next(iter(abilities.load_positions), ""),
    }


def _is_known(key: str, skill: Skill) -> bool:
    """Where nobody has said which parameters there are, those that every pick and drop has."""
    return key != "lhd" if skill.parameters is None else key in skill.parameters

"""What a vehicle can do, by its factsheet: nothing else is asked of it.

Without a factsheet the actions that VDA 5050 itself defines are taken to be known, and parameters
that all versions have. Names of both versions are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import BlockingType
from hw_bridge.vda5050.base import MessageError

Json = dict[str, Any]
LIFTING = (names.PICK, "lift", "liftUp", "jackUp")
LOWERING = (names.DROP, "lower", "liftDown", "jackDown")
"""Actions that lift a pod and set it down, the first that a factsheet names is used."""
_PREDEFINED = (
    names.PICK, names.DROP, names.CANCEL_ORDER, names.START_PAUSE, names.STOP_PAUSE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Skill:
    """An action. parameters: key to whether it has to be there; None: nobody has said which."""

    blocking: BlockingType = BlockingType.HARD
    parameters: dict[str, bool] | None = None


def _predefined() -> dict[str, Skill]:
    return {name: Skill() for name in _PREDEFINED}


@dataclass(frozen=True, slots=True)
class Abilities:
    """skills: actions by type. optional: paths of optional parameters that it supports, lower case;
    None: nobody has said. max_nodes: of one order message. state_interval_s: it says how it is at
    least this often. order_interval_s: between two order messages. load_positions: where it
    carries."""

    skills: dict[str, Skill] = field(default_factory=_predefined)
    optional: frozenset[str] | None = None
    max_nodes: int = 1000
    state_interval_s: float = 30.0
    order_interval_s: float = 0.0
    load_positions: tuple[str, ...] = ()

    def lifting(self) -> str:
        """Action that lifts a pod; "" where it has none."""
        return next((name for name in LIFTING if name in self.skills), "")

    def lowering(self) -> str:
        return next((name for name in LOWERING if name in self.skills), "")

    def supports(self, *paths: str) -> bool:
        """Whether an optional parameter, under any of its names, may be sent."""
        return self.optional is None or any(path.lower() in self.optional for path in paths)


def abilities_from(content: Json) -> Abilities:
    """By a factsheet of any version. Raises MessageError."""
    try:
        return _abilities(content)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise MessageError(f"factsheet: {str(error)[:200]}") from None


def _abilities(content: Json) -> Abilities:
    features = content.get("protocolFeatures") or {}
    limits = content.get("protocolLimits") or {}
    lengths = limits.get("maximumArrayLengths") or limits.get("maxArrayLens") or {}
    timing = limits.get("timing") or {}
    actions = features.get("mobileRobotActions") or features.get("agvActions") or ()
    optional = features.get("optionalParameters")
    load = content.get("loadSpecification") or {}
    least = timing.get("minimumOrderInterval", timing.get("minOrderInterval"))
    return Abilities(
        skills={str(action["actionType"]): _skill(action) for action in actions},
        optional=None if optional is None else frozenset(
            str(entry["parameter"]).lower() for entry in optional
        ),
        max_nodes=max(2, int(lengths.get("order.nodes") or 1000)),
        state_interval_s=float(timing.get("defaultStateInterval") or 30.0),
        order_interval_s=float(least or 0.0),
        load_positions=tuple(str(name) for name in load.get("loadPositions") or ()),
    )  # fmt: skip


def _skill(action: Json) -> Skill:
    allowed = action.get("blockingTypes") or [BlockingType.HARD]
    blocking = BlockingType.HARD if BlockingType.HARD in allowed else BlockingType(allowed[0])
    told = action.get("actionParameters")
    if told is None:
        return Skill(blocking, None)
    return Skill(blocking, {str(p["key"]): not p.get("isOptional", False) for p in told})

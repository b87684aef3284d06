"""Topic zoneSet: areas of a map with rules of their own (VDA 5050 3.0.0, section 6.4)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from hw_bridge.vda5050.action import ActionParameter, BlockingType
from hw_bridge.vda5050.base import Message, Part, Share

ZoneType = Literal[
    "BLOCKED", "LINE_GUIDED", "RELEASE", "COORDINATED_REPLANNING", "SPEED_LIMIT", "ACTION",
    "PRIORITY", "PENALTY", "DIRECTED", "BIDIRECTED",
]  # fmt: skip


class Vertex(Part, frozen=True, kw_only=True):
    """Metres in the world frame."""

    x: float
    y: float


class ZoneAction(Part, frozen=True, kw_only=True):
    """An action without an id: the unit gives it one each time."""

    action_type: str
    blocking_type: BlockingType
    action_descriptor: str = ""
    action_parameters: tuple[ActionParameter, ...] = ()
    retriable: bool | None = None


class Zone(Part, frozen=True, kw_only=True):
    """The fields that a type needs are those of NEEDS; of the others they mean nothing."""

    zone_id: str
    zone_type: ZoneType
    vertices: Annotated[tuple[Vertex, ...], Meta(min_length=3)]
    zone_descriptor: str = ""
    release_loss_behavior: Literal["STOP", "CONTINUE", "EVACUATE"] | None = None
    maximum_speed: float | None = None
    entry_actions: tuple[ZoneAction, ...] | None = None
    during_actions: tuple[ZoneAction, ...] | None = None
    exit_actions: tuple[ZoneAction, ...] | None = None
    priority_factor: Share | None = None
    penalty_factor: Share | None = None
    direction: float | None = None
    directed_limitation: Literal["SOFT", "RESTRICTED", "STRICT"] | None = None
    bidirected_limitation: Literal["SOFT", "RESTRICTED"] | None = None


NEEDS: dict[str, tuple[str, ...]] = {
    "RELEASE": ("release_loss_behavior",),
    "SPEED_LIMIT": ("maximum_speed",),
    "ACTION": ("entry_actions", "during_actions", "exit_actions"),
    "PRIORITY": ("priority_factor",),
    "PENALTY": ("penalty_factor",),
    "DIRECTED": ("direction", "directed_limitation"),
    "BIDIRECTED": ("direction", "bidirected_limitation"),
}
"""Fields of Zone that a zone of that type has to have."""


class ZoneSet(Part, frozen=True, kw_only=True):
    map_id: str
    zone_set_id: str
    zones: tuple[Zone, ...]
    zone_set_descriptor: str = ""


class ZoneSetMessage(Message, frozen=True, kw_only=True):
    zone_set: ZoneSet

"""Which message travels on which topic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hw_bridge.vda5050.base import Message, MessageError, decode
from hw_bridge.vda5050.factsheet import Factsheet
from hw_bridge.vda5050.order import InstantActions, Order
from hw_bridge.vda5050.responses import Responses
from hw_bridge.vda5050.state import Connection, State
from hw_bridge.vda5050.visualization import Visualization
from hw_bridge.vda5050.zones import ZoneSetMessage

KINDS: Mapping[str, type[Message]] = MappingProxyType(
    {
        "order": Order,
        "instantActions": InstantActions,
        "state": State,
        "connection": Connection,
        "factsheet": Factsheet,
        "visualization": Visualization,
        "zoneSet": ZoneSetMessage,
        "responses": Responses,
    }
)
"""By the name of the topic, which is that of the schema file as well."""


def decode_topic(topic: str, payload: bytes | memoryview | str) -> Message:
    """The message on a topic. Raises MessageError, also for a topic that is none of VDA 5050."""
    kind = KINDS.get(topic)
    if kind is None:
        raise MessageError(f"topic {topic!r} is none of VDA 5050: {', '.join(KINDS)}")
    return decode(kind, payload)

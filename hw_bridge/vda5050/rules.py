"""What the official schemas do not catch of a single message: all faults of it at once.

The schemas accept an order without nodes, gaps in sequenceIds, released nodes behind the horizon,
ids that break a topic, and more; two units that read such a message differently may meet. Rules are
those of the text of VDA 5050 3.0.0, which takes precedence over its schemas. What only a sequence
of messages can break is in hw_bridge.vda5050.conversation.
"""

from __future__ import annotations

from hw_bridge.vda5050.base import Message
from hw_bridge.vda5050.factsheet import Factsheet
from hw_bridge.vda5050.fault import (
    Fault,
    Faults,
    Rule,
    header_faults,
    id_faults,
    timestamp_faults,
    twice,
)
from hw_bridge.vda5050.order import InstantActions, Order
from hw_bridge.vda5050.order_rules import instant_faults, order_faults
from hw_bridge.vda5050.responses import Responses
from hw_bridge.vda5050.state import State
from hw_bridge.vda5050.state_rules import factsheet_faults, state_faults, visualization_faults
from hw_bridge.vda5050.visualization import Visualization
from hw_bridge.vda5050.zones import NEEDS, ZoneSetMessage


def message_faults(message: Message) -> list[Fault]:
    """All faults of a message, header first; empty for one that is right."""
    return [*header_faults(message), *_body_faults(message)]


def _body_faults(message: Message) -> Faults:
    if isinstance(message, State):
        yield from state_faults(message)
    elif isinstance(message, Order):
        yield from order_faults(message)
    elif isinstance(message, InstantActions):
        yield from instant_faults(message)
    elif isinstance(message, Visualization):
        yield from visualization_faults(message)
    elif isinstance(message, Factsheet):
        yield from factsheet_faults(message)
    elif isinstance(message, ZoneSetMessage):
        yield from zone_set_faults(message)
    elif isinstance(message, Responses):
        yield from responses_faults(message)


def zone_set_faults(message: ZoneSetMessage) -> Faults:
    yield from id_faults("zoneSet.zoneSetId", message.zone_set.zone_set_id)
    yield from id_faults("zoneSet.mapId", message.zone_set.map_id)
    for index, zone in enumerate(message.zone_set.zones):
        place = f"zoneSet.zones[{index}]"
        yield from id_faults(f"{place}.zoneId", zone.zone_id)
        for name in NEEDS.get(zone.zone_type, ()):
            if getattr(zone, name) is None:
                yield Fault(Rule.ZONE_FIELDS, place, f"{zone.zone_type} needs {_in_json(name)}")
    yield from twice(
        Rule.ZONE_TWICE,
        "zoneSet.zones[{}].zoneId",
        (zone.zone_id for zone in message.zone_set.zones),
    )


def _in_json(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def responses_faults(message: Responses) -> Faults:
    for index, response in enumerate(message.responses):
        place = f"responses[{index}]"
        yield from id_faults(f"{place}.requestId", response.request_id)
        if response.lease_expiry:
            yield from timestamp_faults(Rule.LEASE, f"{place}.leaseExpiry", response.lease_expiry)
    yield from twice(
        Rule.RESPONSE_TWICE,
        "responses[{}].requestId",
        (response.request_id for response in message.responses),
    )

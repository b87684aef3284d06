"""What can be wrong with a message that its schema accepts.

Each rule has a name that never changes, so that counters and logs can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from hw_bridge.vda5050.base import Message
from hw_bridge.vda5050.names import ID_PATTERN

UINT32_END = 1 << 32
_TIMESTAMP = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?Z"
)
_VERSION = re.compile(r"3\.\d+\.\d+")


class Rule(StrEnum):
    """Sections are those of VDA 5050 3.0.0."""

    # Of any message (6.2, 7.1.2).
    HEADER_ID = "header-id"
    """A uint32."""
    TIMESTAMP = "timestamp"
    """UTC with Z."""
    VERSION = "version"
    """3.minor.patch."""
    ID = "id"
    """A-Z a-z 0-9 _ - . : and not empty."""

    # Of an order (6.1, 6.2).
    NO_NODES = "no-nodes"
    EDGE_COUNT = "edge-count"
    """One less than nodes."""
    PARITY = "parity"
    """Nodes have even sequenceIds, edges odd ones."""
    CONTIGUOUS = "contiguous"
    """Node, edge, node, each one more than the one before."""
    FIRST_RELEASED = "first-released"
    BASE_PREFIX = "base-prefix"
    """Nothing is released behind what is not."""
    EDGE_RELEASED = "edge-released"
    """An edge is released with the node that it leads to, neither without the other."""
    ACTION_ID_TWICE = "action-id-twice"
    PARAMETER_TWICE = "parameter-twice"
    """Keys of the parameters of an action."""
    TURNED_ELLIPSE = "turned-ellipse"
    """The semi-major axis a of allowedDeviationXY is not below b."""
    KNOTS = "knots"
    """A NURBS has control points + degree + 1 knots that never fall."""
    LIMIT = "limit"
    """Speeds, heights and lengths of an edge are not below 0."""

    # Of instantActions.
    NO_ACTIONS = "no-actions"
    INSTANT_BLOCKING = "instant-blocking"
    """blockingType NONE."""

    # Of a state (6.6).
    IDLE = "idle"
    """Without an orderId there is no update, node or edge."""
    STATE_NUMBER = "state-number"
    """orderUpdateId and lastNodeSequenceId are not below 0, the latter even."""
    STATE_SEQUENCE = "state-sequence"
    """nodeStates and edgeStates rise, and lie ahead of lastNodeSequenceId."""
    STATE_BASE = "state-base"
    """Of nodeStates and edgeStates, nothing is released behind what is not."""
    STATE_ACTION_TWICE = "state-action-twice"
    ONE_ENABLED = "one-enabled"
    """Of a map, at most one version and one zone set is enabled."""
    REQUEST_TWICE = "request-twice"

    # Of the others (6.4, 6.9, 6.10).
    MINIMUM_MAXIMUM = "minimum-maximum"
    """No minimum of a factsheet is above its maximum."""
    ZONE_FIELDS = "zone-fields"
    """What the type of a zone needs."""
    ZONE_TWICE = "zone-twice"
    RESPONSE_TWICE = "response-twice"
    LEASE = "lease"
    """leaseExpiry is a timestamp."""

    # Of what follows on each other (6.1.3, 6.6; hw_bridge.vda5050.conversation).
    HEADER_ORDER = "header-order"
    """headerIds of a topic rise by one, and the same one says the same."""
    FIRST_UPDATE = "first-update"
    """An order begins with orderUpdateId 0."""
    UPDATE_BACK = "update-back"
    """orderUpdateId never falls."""
    UPDATE_SAME = "update-same"
    """The same orderUpdateId says the same."""
    STITCH = "stitch"
    """An update begins with the last node of the base, as it was."""
    UPDATE_AFTER_CANCEL = "update-after-cancel"
    ACTION_ID_REUSED = "action-id-reused"
    """An actionId means one action for good."""
    UNKNOWN_UPDATE = "unknown-update"
    """A unit does not tell of updates that nobody has sent."""
    PROGRESS_UNDONE = "progress-undone"
    """Within an update, lastNodeSequenceId never falls."""
    ACTION_RESUMED = "action-resumed"
    """What is FINISHED or FAILED stays so."""


@dataclass(frozen=True, slots=True)
class Fault:
    """place: as in JSON, for example nodes[2].sequenceId."""

    rule: Rule
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text} [{self.rule}]"


Faults = Iterator[Fault]


def header_faults(message: Message) -> Faults:
    if not 0 <= message.header_id < UINT32_END:
        yield Fault(
            Rule.HEADER_ID, "headerId", f"{message.header_id} is no uint32: begin again at 0"
        )
    yield from timestamp_faults(Rule.TIMESTAMP, "timestamp", message.timestamp)
    if not _VERSION.fullmatch(message.version):
        yield Fault(Rule.VERSION, "version", f"{message.version[:20]!r} is not 3.MINOR.PATCH")
    yield from id_faults("manufacturer", message.manufacturer)
    yield from id_faults("serialNumber", message.serial_number)


def timestamp_faults(rule: Rule, place: str, text: str) -> Faults:
    if not _TIMESTAMP.fullmatch(text):
        yield Fault(rule, place, f"{text[:40]!r} is not like 2026-03-11T11:40:03.123Z")


def id_faults(place: str, name: str) -> Faults:
    if not name:
        yield Fault(Rule.ID, place, "is empty")
    elif not ID_PATTERN.fullmatch(name):
        odd = next(c for c in name if not ID_PATTERN.fullmatch(c))
        yield Fault(Rule.ID, place, f"{name[:40]!r} has {odd!r}; allowed are A-Z a-z 0-9 _ - . :")


def twice(rule: Rule, place: str, names: Iterable[str]) -> Faults:
    """A fault for each name that has been there before. place has {} for its number."""
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        first = seen.setdefault(name, index)
        if first != index:
            yield Fault(
                rule, place.format(index), f"{name[:60]!r} is that of {place.format(first)} too"
            )

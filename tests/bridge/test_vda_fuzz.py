"""Whatever the bytes are, a decoder gives a message or its own error, and the rules a list."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vda_samples import full_messages

from hw_bridge.log_check import BODIES
from hw_bridge.stations import messages as stations
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.base import MessageError, decode, encode
from hw_bridge.vda5050.conversation import Conversation
from hw_bridge.vda5050.rules import message_faults
from hw_bridge.vda5050.topics import KINDS, decode_topic
from hw_bridge.wire.frames import FrameError, Link, pack_link, unpack_link

FUZZ = settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[*HealthCheck]
)
"""print_blob is on by default: a failure prints how to repeat it."""
TOPICS = sorted(KINDS)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=20)
    | st.sampled_from(["", "ONLINE", "HARD", "1.1.0", "2026-03-11T11:40:03.123Z"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def paths(content: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [place] if place else []
    members: Any = ()
    if isinstance(content, dict):
        members = content.items()
    elif isinstance(content, list):
        members = enumerate(content)
    for key, value in members:
        found += paths(value, (*place, key))
    return found


@st.composite
def mutated(draw: st.DrawFn, content: Any) -> bytes:
    """JSON of the content with up to three values replaced, left out, or doubled."""
    content = json.loads(json.dumps(content))
    for _ in range(draw(st.integers(1, 3))):
        places = paths(content)
        if not places:
            break
        *way, key = draw(st.sampled_from(places))
        holder = content
        for step in way:
            holder = holder[step]
        what = draw(st.sampled_from(["replace", "drop", "double"]))
        if what == "replace":
            holder[key] = draw(JSON)
        elif what == "drop":
            del holder[key]
        elif isinstance(holder, list):
            holder.append(holder[key])
    return json.dumps(content).encode()


def try_message(topic: str, payload: bytes) -> None:
    try:
        message = decode_topic(topic, payload)
    except MessageError:
        return
    for fault in message_faults(message):
        assert str(fault)
    talk = Conversation()
    talk.send(topic, message)
    talk.hear(message, 1, 1)
    assert decode_topic(topic, encode(message)) == message


@pytest.mark.parametrize("topic", TOPICS)
@FUZZ
@given(payload=st.binary(max_size=200))
def test_any_bytes(topic: str, payload: bytes) -> None:
    try_message(topic, payload)


@pytest.mark.parametrize("topic", TOPICS)
@FUZZ
@given(data=st.data())
def test_mutated_messages(topic: str, data: st.DataObject) -> None:
    content = json.loads(encode(full_messages()[topic]))
    try_message(topic, data.draw(mutated(content)))


@pytest.mark.parametrize("topic", TOPICS)
@FUZZ
@given(data=st.data())
def test_damaged_bytes(topic: str, data: st.DataObject) -> None:
    payload = bytearray(encode(full_messages()[topic]))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try_message(topic, bytes(payload[: data.draw(st.integers(0, len(payload)))]))
    try_message(topic, bytes(payload))


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("payload", [b"[" * 200_000, b'{"nodes":' * 50_000, b'{"a":' + b"[" * 9000])
def test_deep_nesting(topic: str, payload: bytes) -> None:
    with pytest.raises(MessageError):
        decode_topic(topic, payload)


def test_deep_values_of_parameters() -> None:
    content = json.loads(encode(full_messages()["order"]))
    text = json.dumps(content).replace('"P00001"', "[" * 100_000 + "]" * 100_000)
    with pytest.raises(MessageError, match="nested too deeply"):
        decode_topic("order", text.encode())


SAMPLES: dict[str, Any] = {
    "job": {"jobs": [{"number": 1, "job": 2, "line": 3, "quantity": -4, "pod": "P1"}]},
    "ack": {"lines": 3, "refusals": 1},
    "terminal": {"jobs": 1, "lines": 2, "fault": "jam", "isManned": False},
    "line": {"lines": [{"number": 1, "job": 2, "line": 3, "agoS": 0.5}]},
    "refusal": {
        "refusals": [
            {"number": 1, "kind": "wrong-pod", "job": 2, "line": 3, "wanted": "a", "scanned": "b"}
        ]
    },
}


@pytest.mark.parametrize("topic", sorted(SAMPLES))
@FUZZ
@given(data=st.data())
def test_station_messages(topic: str, data: st.DataObject) -> None:
    kind = BODIES[topic]
    decode(kind, json.dumps(SAMPLES[topic]).encode())
    for payload in (data.draw(mutated(SAMPLES[topic])), data.draw(st.binary(max_size=60))):
        try:
            message = decode(kind, payload)
        except MessageError:
            continue
        assert decode(kind, msgspec.json.encode(message)) == message


def test_station_samples_cover_the_topics() -> None:
    assert set(SAMPLES) == set(BODIES)
    assert set(BODIES.values()) == {
        stations.Jobs, stations.Ack, stations.Terminal, stations.Lines, stations.Refusals,
    }  # fmt: skip


LINK = Link(seq=3, epoch=9, session=2, sent_ns=10**15, tombstone=9 << 32, beyond="c.1.2", base=4)


@FUZZ
@given(data=st.data())
def test_link_headers(data: st.DataObject) -> None:
    packed = bytearray(pack_link(LINK))
    packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    for frame in (bytes(packed), data.draw(st.binary(max_size=60))):
        try:
            link = unpack_link(frame)
        except FrameError:
            continue
        assert unpack_link(pack_link(link)) == link


@FUZZ
@given(content=st.dictionaries(st.sampled_from(Link.__struct_fields__), JSON, max_size=5))
def test_link_headers_of_odd_values(content: dict[str, Any]) -> None:
    try:
        frame = msgspec.msgpack.encode(content)
    except OverflowError:
        return  # a number that no sender can write
    with suppress(FrameError):
        unpack_link(frame)


@FUZZ
@given(name=st.text(max_size=30) | st.from_regex(r"[0-9.]{1,30}") | st.from_regex(r"[cP][.0-9]*"))
def test_names(name: str) -> None:
    order = names.order_named(name)
    assert order is None or names.order_named(str(order)) == order
    instant = names.instant_named(name)
    assert instant is None or names.instant_named(names.instant_name(*instant)) == instant
    cell = names.cell_of(name, 7, 9)
    assert cell == -1 or 0 <= cell < 63
    assert -1 <= names.pod_named(name) < 1 << 31


@pytest.mark.parametrize("digits", ["9" * 10, "9" * 5000, "٣", "²"])
def test_names_with_odd_numbers(digits: str) -> None:
    assert names.order_named(f"{digits}.1.0") is None
    assert names.instant_named(f"retry.{digits}.1") is None
    assert names.cell_of(f"c.1.{digits}", 7, 9) == -1
    assert names.pod_named(f"P{digits}") == -1


@pytest.mark.parametrize("name", ["epoch", "session", "seq", "tombstone", "sent_ns"])
def test_link_headers_have_numbers_that_fit(name: str) -> None:
    with pytest.raises(FrameError, match="is above"):
        unpack_link(msgspec.msgpack.encode({name: 2**63}))

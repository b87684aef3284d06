"""The messages are those of the official schemas: each property, and no other."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from vda_samples import full_messages, instants, order, schema_folder, state

from hw_bridge.schemas import SchemaError, Schemas
from hw_bridge.vda5050.base import MessageError, decode, encode, timestamp
from hw_bridge.vda5050.order import Order
from hw_bridge.vda5050.state import State
from hw_bridge.vda5050.topics import KINDS, decode_topic


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def bare(hint: Any) -> tuple[list[Any], dict[str, Any]]:
    """Alternatives of a type but None, and the constraints on it."""
    limits: dict[str, Any] = {}
    if get_origin(hint) is Annotated:
        hint, *notes = get_args(hint)
        for note in notes:
            limits |= {"minimum": note.ge, "maximum": note.le, "minItems": note.min_length}
    if get_origin(hint) in (Union, types.UnionType):
        kinds = []
        for member in get_args(hint):
            if member is not type(None):
                inner, more = bare(member)
                kinds += inner
                limits |= more
        return kinds, limits
    return [hint], {name: value for name, value in limits.items() if value is not None}


def differences(
    kind: type[msgspec.Struct], schema: dict[str, Any], root: dict[str, Any], place: str
) -> Iterator[str]:
    """All that a type and its schema do not have in common."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    hints = get_type_hints(kind, include_extras=True)
    properties = dict(schema["properties"])
    for rule in schema.get("allOf", []):
        properties |= rule["then"]["properties"]
    required = set(schema.get("required", []))
    for name in sorted(set(properties) ^ set(fields)):
        if (kind.__name__, name) != ("Action", "retriable"):
            yield f"{place}.{name}: only in the {'schema' if name in properties else 'type'}"
    for name in sorted(set(properties) & set(fields)):
        if fields[name].required != (name in required):
            yield f"{place}.{name}: required in one only"
        yield from unlike(
            hints[fields[name].name], resolved(properties[name], root), root, f"{place}.{name}"
        )


def unlike(hint: Any, schema: dict[str, Any], root: dict[str, Any], place: str) -> Iterator[str]:
    kinds, limits = bare(hint)
    if kinds == [Any]:
        return
    (kind,) = kinds
    wanted = {name: schema[name] for name in ("minimum", "maximum", "minItems") if name in schema}
    if wanted != limits:
        yield f"{place}: limits {wanted} in the schema, {limits} in the type"
    origin, schema_type = get_origin(kind), schema.get("type")
    if schema_type == "array":
        assert origin is tuple, place
        yield from unlike(get_args(kind)[0], resolved(schema["items"], root), root, f"{place}[]")
    elif schema_type == "object" and "properties" in schema:
        yield from differences(kind, schema, root, place)
    elif "enum" in schema:
        names = [str(name) for name in get_args(kind)] if origin is Literal else [*kind]
        missing = set(schema["enum"]) - set(names)
        if missing:
            yield f"{place}: {missing} only in the schema"
        for name in sorted(set(names) - set(schema["enum"])):
            yield f"{place}: {name} only in the type"
    else:
        scalar = {"string": str, "integer": int, "number": float, "boolean": bool}
        is_text = isinstance(kind, type) and issubclass(kind, (str, Enum))
        if schema_type != "object" and kind is not scalar[schema_type]:
            yield f"{place}: {schema_type} in the schema, {kind} in the type (text: {is_text})"


WANTED_DIFFERENCES = {
    "factsheet.headerId: limits {'minimum': 0} in the schema, {} in the type",
    "state.zoneRequests[].requestStatus: QUEUED only in the type",
    "state.edgeRequests[].requestStatus: QUEUED only in the type",
    *(
        f"instantActions.actions[].blockingType: {name} only in the type"
        for name in ("HARD", "SINGLE", "SOFT")
    ),
}
"""Wider than the schemas: what the text allows and the schema forgets, and one Action for both. The
headerId has a rule."""


@pytest.mark.parametrize("topic", sorted(KINDS))
def test_each_property_has_its_field(topic: str) -> None:
    root = json.loads((schema_folder() / f"{topic}.schema").read_text(encoding="utf-8"))
    found = set(differences(KINDS[topic], root, root, topic))
    assert found <= WANTED_DIFFERENCES
    assert {text for text in WANTED_DIFFERENCES if text.startswith(f"{topic}.")} <= found


@pytest.mark.parametrize("topic", sorted(KINDS))
def test_full_messages_are_valid(topic: str) -> None:
    payload = encode(full_messages()[topic])
    assert list(Schemas(schema_folder()).faults(topic, json.loads(payload))) == []
    assert decode_topic(topic, payload) == full_messages()[topic]
    assert encode(decode_topic(topic, payload)) == payload


@pytest.mark.parametrize("topic", sorted(KINDS))
def test_full_messages_set_every_field(topic: str) -> None:
    """So that a field with a wrong name cannot hide."""
    root = json.loads((schema_folder() / f"{topic}.schema").read_text(encoding="utf-8"))
    text = encode(full_messages()[topic]).decode()

    def names(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            if isinstance(schema.get("properties"), dict):
                yield from schema["properties"]
            for value in schema.values():
                yield from names(value)
        elif isinstance(schema, list):
            for value in schema:
                yield from names(value)

    optional_here = {"actionParameters", "actionDescriptor", "key", "value"}
    missing = {name for name in names(root) if f'"{name}":' not in text}
    assert missing <= (optional_here if topic == "instantActions" else set())


def test_what_is_not_set_is_left_out() -> None:
    text = encode(instants()).decode()
    assert "actionDescriptor" not in text
    assert "retriable" not in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"orderUpdateId": -1}, "Order: Expected `int` >= 0 - at `$.orderUpdateId`"),
        ({"orderId": 3}, "Order: Expected `str`, got `int` - at `$.orderId`"),
        ({"nodes": None}, "Order: Expected `array`, got `null` - at `$.nodes`"),
        ({"nodes": [{}]}, "Order: Object missing required field `nodeId` - at `$.nodes[0]`"),
    ],
)
def test_faults_say_where(change: dict[str, Any], message: str) -> None:
    content = json.loads(encode(order())) | change
    with pytest.raises(MessageError) as caught:
        decode(Order, json.dumps(content).encode())
    assert str(caught.value) == message


def test_a_missing_field_is_named() -> None:
    content = json.loads(encode(state()))
    del content["operatingMode"]
    with pytest.raises(MessageError, match="required field `operatingMode`"):
        decode(State, json.dumps(content).encode())


def test_faults_stay_short() -> None:
    content = json.loads(encode(state())) | {"operatingMode": "X" * 100_000}
    with pytest.raises(MessageError) as caught:
        decode(State, json.dumps(content).encode())
    assert len(str(caught.value)) < 300


def test_fields_beyond_ours_do_no_harm() -> None:
    content = json.loads(encode(order())) | {"vendor": {"a": [1, 2]}}
    assert decode(Order, json.dumps(content).encode()) == order()


def test_an_unknown_topic_is_refused() -> None:
    with pytest.raises(MessageError, match="none of VDA 5050"):
        decode_topic("orders", b"{}")


def test_timestamps_are_those_of_the_header() -> None:
    assert timestamp(1773229203.123987) == "2026-03-11T11:40:03.123Z"
    assert timestamp(0.0) == "1970-01-01T00:00:00.000Z"


def test_missing_schemas_are_all_named(tmp_path: Any) -> None:
    (tmp_path / "order.schema").write_text("{")
    with pytest.raises(SchemaError) as caught:
        Schemas(tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(KINDS)
    assert "order.schema: is no JSON schema" in lines[0]
    assert all("is not there" in line for line in lines[1:])

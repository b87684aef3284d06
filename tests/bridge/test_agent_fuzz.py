"""Whatever comes over the link, the agent does not fall over, and drives no farther for it."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
from agent_rig import Rig
from hypothesis import given, settings

from hw_bridge.vda5050.base import encode
from hw_bridge.wire.frames import Topic

QUICK = settings(max_examples=150, deadline=None, derandomize=True)
numbers = st.integers(-(1 << 40), 1 << 70)
leaves = st.none() | st.booleans() | numbers | st.floats() | st.text(max_size=8)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


links = st.fixed_dictionaries(
    {},
    optional={
        "session": st.integers(0, 3),
        "epoch": st.integers(0, 1 << 40),
        "anew": st.booleans(),
        "sent_ns": st.integers(0, 1 << 62),
    },
)
KNOWN = ("cancelOrder", "startPause", "stopPause", "retry")


def spots(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON document."""
    found = [path] if path else []
    if isinstance(document, dict):
        for key, inner in document.items():
            found += spots(inner, (*path, key))
    elif isinstance(document, list):
        for index, inner in enumerate(document):
            found += spots(inner, (*path, index))
    return found


def put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


def under_way() -> tuple[Rig, bytes]:
    rig = Rig()
    path = rig.path(1, [0, 1, 2, "pick", 3, "wait"])
    rig.order(path.order(0, 0, 2)).run()
    return rig, encode(path.order(1, 2, 4, n_ahead=1))


@QUICK
@given(
    topic=st.sampled_from(list(Topic)),
    payload=st.binary(max_size=60) | values.map(lambda v: json.dumps(v, default=str).encode()),
    link=links,
)
def test_anything(topic: Topic, payload: bytes, link: dict[str, Any]) -> None:
    rig, _ = under_way()
    before = list(rig.motors.moves)
    rig.hear(topic, payload, **link).tick(0.1)
    assert rig.motors.moves == before
    assert rig.state.order_id == "5.1.0"


@QUICK
@given(data=st.data(), n_changes=st.integers(1, 2))
def test_orders_with_something_else_in_them(data: st.DataObject, n_changes: int) -> None:
    rig, payload = under_way()
    document = json.loads(payload)
    for _ in range(n_changes):
        path = data.draw(st.sampled_from(spots(document)))
        put(document, path, data.draw(values))
    rig.hear(Topic.ORDER, json.dumps(document).encode())
    rig.run(4)
    allowed = [node["nodeId"] for node in json.loads(payload)["nodes"] if node["released"]]
    if rig.state.order_update_id == 1:
        given_now = [move.node for move in rig.motors.moves[2:]]
        released = [node["nodeId"] for node in document["nodes"][1:] if node["released"] is True]
        assert given_now == released[: len(given_now)]
    else:
        assert [move.node for move in rig.motors.moves] == ["c.1.2", "c.1.3"]
        assert allowed[0] == "c.1.3"


@QUICK
@given(
    kind=st.text(max_size=12), parameters=st.dictionaries(st.text(max_size=6), leaves, max_size=2)
)
def test_any_instant_action(kind: str, parameters: dict[str, Any]) -> None:
    rig, _ = under_way()
    moves = list(rig.motors.moves)
    # JSON has no such numbers.
    parameters = {key: v for key, v in parameters.items() if not isinstance(v, (int, float))}
    if kind not in KNOWN:
        rig.instant(kind, 7, parameters, action_id="fuzz.1")
        assert rig.motors.moves == moves
    for known in KNOWN:
        rig.instant(known, 8, parameters, action_id=f"fuzz.{known}")

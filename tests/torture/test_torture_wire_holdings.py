"""Whose a cell is, by messages put together by hand: orders released, states that leave cells."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from gridfleet.torture.wire.holdings import GRACE_S, Holdings
from hw_bridge.chaos.fate import Way
from hw_bridge.vda5050.names import OrderName, node_id
from hw_bridge.wire.frames import Link, pack_link
from layouts import CellKind, open_layout

N_ROWS, N_COLS = 3, 6
A, B = "U01", "U02"
EPOCH, SESSION = 9, 3
FIRST, SECOND = EPOCH << 32 | 1, EPOCH << 32 | 2


class Wire:
    """Unit A stands on cell 0, unit B on cell 5; steps of orders begin at 0."""

    def __init__(self) -> None:
        kinds = np.full((N_ROWS, N_COLS), CellKind.FLOOR, dtype=np.int8)
        self.holdings = Holdings(open_layout("small", kinds), [A, B], (0, 5))
        self._seq = 0
        for serial, cell in ((A, 0), (B, 5)):
            self.state(serial, cell)

    def order(self, serial: str, number: int, *cells: int, stand: int = 0, **link: Any) -> None:
        nodes = [
            {"nodeId": node_id(cell, N_COLS), "sequenceId": 2 * step, "released": True}
            for step, cell in enumerate(cells)
        ]
        body = {"orderId": str(OrderName(number, stand)), "nodes": nodes, "edges": []}
        header = {"session": SESSION, "epoch": EPOCH} | link
        self._tap(serial, b"order", Link(**header), body)

    def state(
        self, serial: str, cell: int, number: int = 0, stand: int = 0, mode: str = "AUTOMATIC",
        is_localized: bool = True, **link: Any,
    ) -> None:  # fmt: skip
        self._seq += 1
        body = {
            "orderId": str(OrderName(number, stand)) if number else "",
            "lastNodeId": node_id(cell, N_COLS) if cell >= 0 else "",
            "operatingMode": mode,
            "mobileRobotPosition": {"x": 0.0, "y": 0.0, "localized": is_localized},
        }
        header = {"session": SESSION, "epoch": EPOCH, "seq": self._seq} | link
        self._tap(serial, b"state", Link(**header), body)

    def _tap(self, serial: str, topic: bytes, link: Link, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        self.holdings.tap(serial, Way.UP, [topic, pack_link(link), payload])
        self.holdings.take(1.0)

    @property
    def said(self) -> list[str]:
        return [str(violation) for violation in self.holdings.violations]

    def is_free(self, cell: int) -> bool:
        """Whether it is not unit A's."""
        return cell not in self.holdings.held_by(A)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_what_is_released_is_held_until_it_is_left(wire: Wire) -> None:
    wire.order(A, FIRST, 0, 1, 2)
    assert [wire.is_free(cell) for cell in (0, 1, 2, 3)] == [False, False, False, True]
    wire.state(A, 1, FIRST, cleared=1, base=2)
    assert wire.is_free(0)


def test_nobody_else_is_given_what_is_held(wire: Wire) -> None:
    wire.order(A, FIRST, 0, 1, 2)
    wire.state(A, 1, FIRST, cleared=1, base=2)
    wire.order(B, FIRST, 5, 4, 3)
    wire.order(B, SECOND, 5, 0)
    assert wire.said == []
    wire.order(B, FIRST, 3, 2, stand=2)
    assert [said.split(": ", 1)[1] for said in wire.said] == [
        "row 1, column 3 is released to U02 while U01 holds it"
    ]


def test_updates_add_to_an_order(wire: Wire) -> None:
    wire.order(A, FIRST, 0, 1)
    wire.state(A, 1, FIRST, cleared=1, base=1)
    wire.order(A, FIRST, 1, 2, stand=1)
    assert (wire.is_free(0), wire.is_free(2)) == (True, False)


def test_an_order_that_is_given_up_frees_what_is_not_covered(wire: Wire) -> None:
    wire.order(A, FIRST, 0, 1, 2, 3)
    wire.state(A, 0, FIRST, cleared=0, base=1, tombstone=FIRST)
    assert [wire.is_free(cell) for cell in (0, 1, 2)] == [False, False, True]
    wire.state(A, 0, FIRST, tombstone=FIRST, stands=True, beyond=node_id(1, N_COLS))
    assert [wire.is_free(cell) for cell in (0, 1, 3)] == [False, False, True]


def test_an_order_on_its_way_is_held_while_it_would_be_taken(wire: Wire) -> None:
    wire.order(A, FIRST, 0, 1)
    wire.order(A, SECOND, 0, 6)
    assert not wire.is_free(6)
    wire.state(A, 0, FIRST, cleared=0, base=0, tombstone=SECOND, stands=True)
    assert wire.is_free(6)


@pytest.mark.parametrize("later", [{"session": SESSION + 1}, {"epoch": EPOCH + 1}])
def test_of_another_life_no_order_counts(wire: Wire, later: dict[str, int]) -> None:
    wire.order(A, FIRST, 0, 1)
    wire.state(A, 0, **later)
    assert (wire.is_free(0), wire.is_free(1)) == (False, True)


def test_a_unit_that_does_not_know_where_it_is_holds_what_it_held(wire: Wire) -> None:
    wire.order(A, FIRST, 0, 1)
    wire.state(A, -1, session=SESSION + 1, mode="STARTUP")
    assert not wire.is_free(1)
    wire.state(A, 1, session=SESSION + 1)
    assert (wire.is_free(0), wire.is_free(1)) == (True, False)


def test_one_that_lost_its_place_and_gives_up_is_at_the_steps_that_it_knows(wire: Wire) -> None:
    """Though nothing was heard of it while it drove."""
    wire.order(A, FIRST, 0, 1, 2, 3)
    wire.state(A, 2, FIRST, cleared=2, base=2, is_localized=False)
    wire.state(A, 2, FIRST, cleared=2, base=2, is_localized=False, tombstone=FIRST, stands=True)
    assert [wire.is_free(cell) for cell in (0, 1, 2, 3)] == [True, True, False, True]
    wire.holdings.look(0, {2}, 9.0)
    assert wire.said == []


def test_old_states_free_nothing(wire: Wire) -> None:
    wire.order(A, FIRST, 0, 1, 2)
    wire.state(A, 1, FIRST, cleared=1, base=2, seq=1)
    assert not wire.is_free(0)


def test_a_body_is_where_it_may_be(wire: Wire) -> None:
    look = wire.holdings.look
    wire.order(A, FIRST, 0, 1)
    look(0, {0, 1}, 5.0)
    wire.state(A, 1, FIRST, cleared=1, base=1, sent_ns=6_000_000_000)
    look(0, {0, 1}, 6.0 + GRACE_S / 2)
    assert wire.said == []
    look(0, {0, 1}, 6.0 + 2 * GRACE_S)
    look(0, {0, 1}, 7.0 + 2 * GRACE_S)
    look(1, {7}, 1.0)
    assert len(wire.said) == 2
    assert "U01 is on row 1, column 1, which is not released to it" in wire.said[0]

"""The kernels at both ends of the link, against plain rules."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.link.books import DEAD, PLACED, STRAY, Books
from fleet_control.link.kernels import hear_states, write_instants, write_news, write_orders
from fleet_control.link.messages import HELLO, INSTANT, ORDER, RESEND_S, RING, STATE
from twin.agent_kernels import hear_hellos, hear_orders, tell_states, watch_silence
from twin.agents import AGENT
from twin.floor.state import UNIT

EPOCH = 3


def states(*rows: dict) -> np.ndarray:
    table = np.zeros(len(rows), dtype=STATE)
    table["epoch"], table["session"], table["load"] = EPOCH, 1, -1
    for record, row in zip(table, rows, strict=True):
        for name, value in row.items():
            record[name] = value
    return table


def placed(n_units: int, order: int = 7) -> Books:
    books = Books(n_units)
    units = books.units
    units["stage"], units["session"], units["heard_session"] = PLACED, 1, 1
    units["order"], units["is_dead"], units["released"] = order, 0, 9
    books.cells[:] = 0  # all steps lead to one cell, which is where states say that units are
    return books


def hear(books: Books, *rows: dict) -> list[int]:
    table = states(*rows)
    odd = np.empty(len(table), dtype=np.int32)
    n_odd = hear_states(table, 5.0, EPOCH, books.units, books.latest, books.cells, odd)
    return odd[:n_odd].tolist()


def test_progress_is_taken_and_never_goes_back() -> None:
    books = placed(2)
    news = {"order": 7, "seq": 1, "done": 4, "cleared": 3, "base": 6}
    assert not hear(books, news, {**news, "seq": 2, "done": 3, "cleared": 2, "base": 5})
    book = books.units[0]
    assert (book["done"], book["cleared"], book["base"]) == (4, 3, 6)
    assert (book["is_echoed"], book["heard_s"], book["seq"]) == (1, 5.0, 2)
    assert books.latest["done"].tolist() == [3, 0]


@pytest.mark.parametrize(
    "row",
    [{"epoch": EPOCH - 1, "seq": 9}, {"session": 0, "seq": 9}, {"seq": 1}, {"seq": 0}],
    ids=["earlier controller", "earlier session", "again", "overtaken"],
)
def test_what_does_not_count_leaves_no_trace(row: dict) -> None:
    books = placed(1)
    hear(books, {"order": 7, "seq": 1, "done": 1})
    before = books.units.copy(), books.latest.copy()
    assert not hear(books, {"order": 7, "done": 5, **row})
    assert (books.units == before[0]).all()
    assert (books.latest == before[1]).all()


@pytest.mark.parametrize(
    ("row", "change"),
    [
        ({"order": 7, "session": 2}, {}),
        ({"order": 6}, {}),
        ({"order": 7, "tombstone": 7}, {}),
        ({"order": 7}, {"cancel": 7}),
        ({"order": 7}, {"stage": STRAY}),
    ],
)
def test_what_needs_thought_is_left_to_the_courier(row: dict, change: dict) -> None:
    books = placed(1)
    for name, value in change.items():
        books.units[name] = value
    assert hear(books, {"seq": 1, "done": 5, **row}) == [0]
    assert books.units["done"].tolist() == [0]


def orders_at(books: Books, now_s: float, count: int = 0) -> tuple[np.ndarray, int]:
    out = np.zeros(len(books.units), dtype=ORDER)
    n_out, count = write_orders(
        now_s, EPOCH, count, RESEND_S, books.units, books.cells, books.acts, books.speeds, out
    )
    return out[:n_out], count


def test_an_order_says_everything_from_where_the_unit_is() -> None:
    books = placed(3)
    units = books.units
    units["is_echoed"], units["base"], units["done"] = 1, 9, 4
    units["released"][1], units["is_new"][1] = 12, 1
    books.cells[1, :13] = np.arange(100, 113)
    orders, count = orders_at(books, 1.0)
    assert orders["unit"].tolist() == [1]
    assert count == 0
    order = orders[0]
    assert (order["order"], order["first"], order["last"], order["ahead"]) == (7, 4, 12, -1)
    assert order["cells"][4:13].tolist() == list(range(104, 113))


def test_orders_are_sent_again_until_they_are_echoed() -> None:
    books = placed(1)
    books.units["is_echoed"], books.units["is_new"] = 1, 1
    sent = [len(orders_at(books, tick * 0.1)[0]) for tick in range(11)]
    assert sent == [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]
    books.units["base"] = 9
    assert not len(orders_at(books, 99.0)[0])


def test_after_a_given_up_order_comes_one_with_a_new_number() -> None:
    books = placed(1)
    units = books.units
    units["is_dead"], units["is_echoed"], units["done"] = DEAD, 1, 5
    orders, count = orders_at(books, 0.0, count=4)
    assert count == 5
    assert orders["order"].tolist() == [EPOCH << 32 | 5]
    assert (orders["stand"][0], orders["first"][0], orders["last"][0]) == (5, 5, 9)
    assert (units["before"][0], units["order"][0], units["is_echoed"][0]) == (7, EPOCH << 32 | 5, 0)


@pytest.mark.parametrize("change", [{"stage": STRAY}, {"cancel": 7}])
def test_who_must_not_go_on_is_sent_no_order(change: dict) -> None:
    books = placed(1)
    books.units["is_new"] = 1
    for name, value in change.items():
        books.units[name] = value
    assert not len(orders_at(books, 50.0)[0])


def test_instants_are_sent_until_echoed() -> None:
    books = placed(2)
    books.units["wish"][1], books.units["retry"][1], books.units["cancel"][1] = 11, 12, 7
    out = np.zeros(6, dtype=INSTANT)
    args = books.units, books.latest, out
    assert write_instants(0.0, EPOCH, RESEND_S, *args) == 3
    assert out["number"][:3].tolist() == [7, 11, 12]
    assert out["unit"][:3].tolist() == [1, 1, 1]
    assert write_instants(0.2, EPOCH, RESEND_S, *args) == 0
    books.latest["wish"][1], books.latest["tombstone"][1] = 11, 7
    assert write_instants(0.4, EPOCH, RESEND_S, *args) == 1
    assert out["number"][0] == 12


@pytest.mark.parametrize(
    ("silence_s", "flags"), [(0.0, 0), (3.0, 0), (3.2, 4), (10.0, 4), (10.2, 12)]
)
def test_silence_is_told(silence_s: float, flags: int) -> None:
    books = placed(1)
    books.units["heard_s"], books.units["told_session"] = 0.0, 1
    numbers, conditions = np.empty((3, 1), np.int32), np.empty((2, 1), np.int32)
    faults, out = np.empty(1, np.int8), np.empty(1, np.int8)
    args = books.units, books.latest, numbers, faults, conditions, out
    assert write_news(silence_s, 3.0, 10.0, *args) == (0, int(flags > 0), 0)
    assert not flags or out[0] == flags
    assert write_news(silence_s, 3.0, 10.0, *args) == (0, 0, 0)


# The units' end


class Floor:
    """Agents and units in random states, and orders about them."""

    def __init__(self, rng: np.random.Generator, n_units: int = 4) -> None:
        self.agents = np.zeros(n_units, dtype=AGENT)
        self.units = np.zeros(n_units, dtype=UNIT)
        self.cells = rng.integers(3, size=(n_units, RING)).astype(np.int32)
        for name, most in (("session", 2), ("epoch", 2), ("order", 3), ("tombstone", 3)):
            self.agents[name] = rng.integers(most, size=n_units)
        for name in ("is_off", "stands", "has_forgotten"):
            self.agents[name] = rng.random(n_units) < 0.2
        self.units["done"] = rng.integers(5, 8, size=n_units)
        self.agents["offset"] = rng.integers(3, size=n_units)
        self.units["released"] = self.units["done"] + rng.integers(2, size=n_units)
        self.agents["base"] = self.units["released"] + (rng.random(n_units) < 0.2)
        self.own = [
            np.zeros((n_units, RING), dtype) for dtype in (np.int32, np.int8, np.float32)
        ]  # fmt: skip

    def order(self, rng: np.random.Generator) -> np.ndarray:
        order = np.zeros(1, dtype=ORDER)
        order["unit"] = rng.integers(len(self.units))
        for name, most in (("session", 2), ("epoch", 2), ("order", 4), ("is_anew", 2)):
            order[name] = rng.integers(most)
        order["stand"] = order["first"] = rng.integers(4, 8)
        order["last"] = order["stand"] + rng.integers(4)
        order["cells"] = rng.integers(3, size=RING)
        return order

    def hear(self, order: np.ndarray) -> None:
        woken = np.empty(1, dtype=np.int32)
        hear_orders(order, 1.0, self.agents, self.units, self.cells, *self.own, woken)


def base_after(floor: Floor, order: np.void) -> int:
    """The unit's base after the order, by the rules said in words in docs/decisions."""
    unit = int(order["unit"])
    agent, body, cells = floor.agents[unit], floor.units[unit], floor.cells[unit]
    base, done, last = int(agent["base"]), int(body["done"]), int(order["last"])
    is_for_me = order["session"] == agent["session"] and order["epoch"] >= agent["epoch"]
    if agent["is_off"] or not is_for_me or order["order"] <= agent["tombstone"]:
        return base
    if order["order"] == agent["order"]:
        return max(base, last + int(agent["offset"]))
    if order["order"] < agent["order"]:
        return base
    stand = int(order["stand"])
    remembers = agent["order"] > 0 and not order["is_anew"]
    if remembers and stand != done - agent["offset"]:
        return base
    if cells[done % RING] != order["cells"][stand % RING]:
        return base
    if done < base:
        same_step = cells[(done + 1) % RING] == order["cells"][(stand + 1) % RING]
        at_rest = agent["stands"] or agent["has_forgotten"]
        if not at_rest or base > done + 1 or last == stand or not same_step:
            return base
    return max(int(body["released"]), last + done - stand)


def test_units_take_the_orders_that_the_rules_let_them_take() -> None:
    rng = np.random.default_rng(8)
    n_taken = 0
    for _ in range(4000):
        floor = Floor(rng)
        order = floor.order(rng)
        unit = int(order["unit"][0])
        before = floor.agents.copy()
        expected = base_after(floor, order[0])
        floor.hear(order)
        assert floor.agents["base"][unit] == expected
        others = np.arange(len(before)) != unit
        assert (floor.agents[others] == before[others]).all()
        n_taken += expected != before["base"][unit]
        taken = floor.agents.copy()
        floor.hear(order)  # doubled: it changes nothing
        assert (floor.agents == taken).all()
    assert n_taken > 50


def test_hellos_fence_and_feed_the_deadman() -> None:
    agents = np.zeros(2, dtype=AGENT)
    agents["epoch"] = 2
    hello = np.array([(0, 1), (1, 2)], dtype=HELLO)
    hear_hellos(hello, 1.0, agents)
    assert agents["frame_s"].tolist() == [0.0, 1.0]
    turned = np.empty(2, dtype=np.int32)
    assert watch_silence(2.0, 1.5, agents, turned) == 1
    assert turned[0] == 0
    assert watch_silence(2.0, 1.5, agents, turned) == 0
    hello["epoch"] = 3
    hear_hellos(hello, 3.0, agents)
    assert agents["epoch"].tolist() == [3, 3]
    assert watch_silence(3.0, 1.5, agents, turned) == 1  # goes on


def test_units_speak_when_there_is_news_and_from_time_to_time() -> None:
    agents, units = np.zeros(2, dtype=AGENT), np.zeros(2, dtype=UNIT)
    agents["order"] = 1
    cells = np.zeros((2, RING), dtype=np.int32)
    told, out = np.zeros(2, dtype=STATE), np.zeros(2, dtype=STATE)
    spoken = []
    for tick in range(12):
        if tick == 7:
            units["done"][1] = agents["base"][1] = 3
        n_states = tell_states(tick * 0.2, 1.0, agents, units, cells, told, out)
        spoken.append(out["unit"][:n_states].tolist())
    assert spoken == [[], [], [], [], [], [0, 1], [], [1], [], [], [0], []]
    assert out["seq"][0] == 2

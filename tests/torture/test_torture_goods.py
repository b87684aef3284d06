"""Every line once, to the unit: what people do wrong is seen, and what they do right is not."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.events import EventKind, EventLog
from gridfleet.torture.goods import Goods, Handling
from gridfleet.torture.tasks import find_doubled, find_lost

RIGHT = [(0, 0, 3, 0), (1, 0, 2, 1), (2, 1, -2, 0)]
"""(job, line, quantity, pod): line 0 from two pods, line 1 put in."""


def goods_after(handlings: list[tuple[int, int, int, int]]) -> Goods:
    goods = Goods({0: 5, 1: -2}, {0: 0, 1: 1}, {(0, 0): 3, (1, 0): 9})
    for job, line, quantity, pod in handlings:
        goods.note(Handling(4.0, 0, job, line, quantity, pod))
    return goods


def test_nothing_is_seen_where_all_is_right() -> None:
    goods = goods_after(RIGHT)
    assert (goods.violations, goods.open, goods.doubled) == ([], [], [])


@pytest.mark.parametrize(
    ("handlings", "what", "doubled"),
    [
        ([*RIGHT, (1, 0, 2, 1)], "which makes 7 of 5 wanted again", [0]),
        ([*RIGHT, (3, 0, 1, 1)], "which makes 6 of 5 wanted", [0]),
        ([*RIGHT, (3, 1, -1, 1)], "which makes -3 of -2 wanted", [1]),
        ([(0, 0, -1, 1)], "which makes -1 of 5 wanted", [0]),
        ([(0, 0, 4, 0)], "taken from pod 0, which has 3 of that SKU", []),
        ([(0, 0, 3, -1)], "with no pod there", []),
        ([(0, 9, 3, 0)], "there is no such line", []),
    ],
)
def test_a_violation_is_seen(
    handlings: list[tuple[int, int, int, int]], what: str, doubled: list[int]
) -> None:
    goods = goods_after(handlings)
    assert len(goods.violations) == 1
    assert what in str(goods.violations[0])
    assert goods.doubled == doubled


def test_what_is_put_in_can_be_taken() -> None:
    goods = Goods({0: -4, 1: 4}, {0: 0, 1: 0}, {})
    goods.note(Handling(1.0, 0, 0, 0, -4, 2))
    goods.note(Handling(2.0, 0, 1, 1, 4, 2))
    assert goods.violations == []


def log_of(*rows: tuple[EventKind, str, int]) -> dict[str, np.ndarray]:
    log = EventLog()
    for kind, column, number in rows:
        log.add(1.0, kind, **{column: number})
    return log.columns()


def test_a_line_that_is_told_but_not_done_is_lost() -> None:
    events = log_of((EventKind.LINE_DONE, "line", 0), (EventKind.RETURN_DONE, "line", 1))
    assert find_lost(goods_after(RIGHT), events, is_over=True) == []
    told = find_lost(goods_after(RIGHT[:2]), events, is_over=False)
    assert told == ["line 1 is lost, though told to be done"]


def test_what_is_open_when_all_is_said_to_be_done_is_lost() -> None:
    opened, ended = (EventKind.TASK_OPENED, "task", 3), (EventKind.TASK_DONE, "task", 3)
    goods = goods_after(RIGHT[:1])
    assert find_lost(goods, log_of(opened), is_over=False) == []
    assert find_lost(goods, log_of(opened), is_over=True) == [
        "line 0 is lost", "line 1 is lost", "task 3 never ended",
    ]  # fmt: skip
    assert find_lost(goods_after(RIGHT), log_of(opened, ended), is_over=True) == []


def test_what_ends_twice_is_doubled() -> None:
    ended, line = (EventKind.TASK_DONE, "task", 3), (EventKind.LINE_DONE, "line", 8)
    assert find_doubled(log_of(ended, line)) == []
    assert find_doubled(log_of(ended, ended, line, line)) == [
        "task 3 is told to be done 2 times", "line 8 is told to be done 2 times",
    ]  # fmt: skip

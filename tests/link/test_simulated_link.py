"""The simulated link does what it is told, the same again from the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.link.messages import HELLO
from twin.link import LATE_S, Noise, SimulatedLink


def hellos(n: int, unit: int = 0) -> np.ndarray:
    rows = np.zeros(n, dtype=HELLO)
    rows["unit"], rows["epoch"] = unit, np.arange(n)
    return rows


def carry(link: SimulatedLink, rows: np.ndarray, now_s: float) -> list[int]:
    return link.hellos.carry(rows, now_s, link.is_perfect)["epoch"].tolist()


NONE = hellos(0)


def test_a_perfect_link_hands_over_at_once() -> None:
    link = SimulatedLink(2, 1)
    rows = hellos(3)
    assert link.hellos.carry(rows, 0.0, link.is_perfect) is rows
    assert not link.is_busy()


@pytest.mark.parametrize(
    ("noise", "least", "most"),
    [
        (Noise(loss=0.3), 630, 770),
        (Noise(duplicate=0.3), 1230, 1370),
        (Noise(loss=1.0), 0, 0),
        (Noise(duplicate=1.0), 2000, 2000),
    ],
)
def test_loss_and_duplication_are_shares(noise: Noise, least: int, most: int) -> None:
    link = SimulatedLink(1, 0, seed=2)
    link.set_noise(noise)
    assert least <= len(carry(link, hellos(1000), 0.0)) <= most


def test_delay_is_random_with_its_mean_and_disorders() -> None:
    link = SimulatedLink(1, 0, seed=3)
    link.set_noise(Noise(delay_s=0.5))
    carry(link, hellos(2000), 0.0)
    arrived: list[int] = []
    means = 0.0
    for tick in range(1, 200):
        new = carry(link, NONE, tick * 0.05)
        means += len(new) * (tick - 0.5) * 0.05
        arrived += new
    assert sorted(arrived) == list(range(2000))
    assert arrived != sorted(arrived)
    assert means / 2000 == pytest.approx(0.5, rel=0.1)


def test_held_up_messages_are_overtaken_but_arrive() -> None:
    link = SimulatedLink(1, 0, seed=4)
    link.set_noise(Noise(reorder=0.2))
    first = carry(link, hellos(1000), 0.0)
    assert 730 <= len(first) <= 870
    assert sorted(first + carry(link, NONE, LATE_S)) == list(range(1000))


def test_trouble_can_be_of_one_unit_or_of_all_and_the_worse_counts() -> None:
    link = SimulatedLink(2, 1, seed=5)
    link.set_noise(Noise(loss=1.0), unit=1)
    assert carry(link, hellos(5, unit=0), 0.0) == [0, 1, 2, 3, 4]
    assert carry(link, hellos(5, unit=1), 0.0) == []
    link.set_noise(Noise(loss=0.1))
    assert carry(link, hellos(5, unit=1), 0.0) == []
    link.set_noise(Noise())
    link.set_noise(Noise(), unit=1)
    assert link.is_perfect


def test_a_link_that_is_down_swallows_what_is_sent_and_delivers_what_was() -> None:
    link = SimulatedLink(2, 0, seed=6)
    link.set_noise(Noise(reorder=1.0))
    carry(link, hellos(3), 0.0)
    link.set_down(True, unit=0)
    carry(link, hellos(4), 0.0)
    link.set_noise(Noise())
    link.set_down(False, unit=0)
    assert link.is_perfect
    assert link.is_busy()
    assert sorted(carry(link, NONE, LATE_S)) == [0, 1, 2]
    assert not link.is_busy()


def test_the_same_seed_gives_the_same_fate() -> None:
    fates = []
    for seed in (7, 7, 8):
        link = SimulatedLink(1, 0, seed)
        link.set_noise(Noise(0.2, 0.2, 0.3, 0.1))
        carry(link, hellos(50), 0.0)
        fates.append([carry(link, NONE, tick * 0.2) for tick in range(40)])
    assert fates[0] == fates[1] != fates[2]

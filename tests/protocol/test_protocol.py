"""The release protocol, checked in every world that can come about, and every rule by its absence.

The rules in use: a journal written before anything is sent; with every start of the controller a
new epoch, which units hold against older ones, and a hello that each has to answer before it is
released anything; orders numbered (epoch, number); sessions, tombstones, absolute orders.

What was published of this protocol before had no new epoch at a start from the journal, orders
numbered on over starts, no cancel confirmed between two cells and no word from there. PLAIN is that
set of rules, and the numbers of worlds agree with those published (8,217, 99,407, 73,821, 24,651,
13,785 and 357,545). Without a journal they are smaller (2,733 for 2,981, 36,703 for 54,011, 31,567
for 32,967): here a controller that starts empty remembers nothing at all, not even sessions.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from protocol_model import (
    FOUR_CELLS,
    THREE_CELLS,
    Corridor,
    Faults,
    Journal,
    Rules,
    broken_invariant,
    has_collided,
    moves,
)
from protocol_search import explore

IN_USE = Rules()
PLAIN = replace(IN_USE, renews_epoch=False, confirms_on_edge=False, tells_departure=False)
EMPTY_START = replace(PLAIN, journal=Journal.NONE)
ONE_OF_EACH = Faults(cancels=1, reboots=1, crashes=1)
TWO_OF_EACH = Faults(cancels=2, reboots=2, crashes=2)


@pytest.mark.parametrize(
    ("corridor", "faults", "n_worlds"),
    [
        (FOUR_CELLS, Faults(), 8_217),
        (THREE_CELLS, Faults(crashes=1), 2_943),
        (THREE_CELLS, Faults(cancels=1, reboots=1), 6_247),
        (THREE_CELLS, Faults(cancels=1, crashes=1), 41_715),
        (THREE_CELLS, Faults(reboots=1, crashes=1), 36_177),
        pytest.param(THREE_CELLS, ONE_OF_EACH, 519_625, marks=pytest.mark.slow),
        pytest.param(FOUR_CELLS, Faults(cancels=1), 116_681, marks=pytest.mark.slow),
        pytest.param(FOUR_CELLS, Faults(reboots=1), 105_437, marks=pytest.mark.slow),
    ],
)
def test_the_rules_in_use_keep_the_invariant(
    corridor: Corridor, faults: Faults, n_worlds: int
) -> None:
    found = explore(corridor, faults, IN_USE, invariant=True)
    assert found.is_safe, found
    assert found.n_worlds == n_worlds


def test_units_may_forget_the_epoch_in_a_reboot() -> None:
    forgets = replace(IN_USE, fence_survives=False)
    assert explore(THREE_CELLS, Faults(reboots=1, crashes=1), forgets, invariant=True).is_safe


@pytest.mark.parametrize(
    ("corridor", "faults", "n_worlds"),
    [
        (FOUR_CELLS, Faults(), 8_217),
        (FOUR_CELLS, Faults(crashes=1), 24_651),
        (THREE_CELLS, ONE_OF_EACH, 13_785),
        pytest.param(FOUR_CELLS, Faults(cancels=1), 99_407, marks=pytest.mark.slow),
        pytest.param(FOUR_CELLS, Faults(reboots=1), 73_821, marks=pytest.mark.slow),
        pytest.param(THREE_CELLS, TWO_OF_EACH, 357_545, marks=pytest.mark.slow),
    ],
)
def test_the_plain_rules_are_safe_in_as_many_worlds_as_published(
    corridor: Corridor, faults: Faults, n_worlds: int
) -> None:
    found = explore(corridor, faults, PLAIN)
    assert found.is_safe, found
    assert found.n_worlds == n_worlds


@pytest.mark.parametrize("rules", [EMPTY_START, replace(IN_USE, journal=Journal.NONE)])
def test_without_a_journal_the_fence_and_all_answers_do(rules: Rules) -> None:
    assert explore(THREE_CELLS, Faults(crashes=1), rules).is_safe


REMOVED = {
    "a silent unit loses its base": (
        THREE_CELLS, Faults(silences=1), {"keeps_when_silent": False},
    ),
    "a cancel frees before it is confirmed": (
        THREE_CELLS, Faults(cancels=1), {"keeps_until_cancelled": False},
    ),
    "the tail is freed while still on the edge": (FOUR_CELLS, Faults(), {"keeps_tail": False}),
    "orders say how many more": (FOUR_CELLS, Faults(), {"absolute": False}),
    "progress counts in any order": (FOUR_CELLS, Faults(), {"matches_order": False}),
    "no sessions": (FOUR_CELLS, Faults(reboots=1), {"matches_session": False}),
    "no tombstone": (FOUR_CELLS, Faults(cancels=1), {"has_tombstone": False}),
    "journal after sending": (
        THREE_CELLS, Faults(crashes=1), {"journal": Journal.AFTER_SENDING},
    ),
    "neither journal nor fence": (
        THREE_CELLS, Faults(crashes=1), {"journal": Journal.NONE, "fences_epoch": False},
    ),
    "no journal, and a silent unit is not waited for": (
        THREE_CELLS, Faults(crashes=1), {"journal": Journal.NONE, "waits_for_all": False},
    ),
    "an order that never began frees more than the unit leaves free": (
        THREE_CELLS, Faults(cancels=1, reboots=1), {"cancels_by_cover": False},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REMOVED)
@pytest.mark.parametrize("rules", [PLAIN, IN_USE], ids=["plain", "in use"])
def test_without_any_one_rule_units_collide(rules: Rules, name: str) -> None:
    corridor, faults, change = REMOVED[name]
    if "keeps_tail" in change:
        change = change | {"tells_departure": True}
    found = explore(corridor, faults, replace(rules, **change))
    assert found.what == "two bodies are in one cell"
    assert _follow(found.trace, corridor, faults, replace(rules, **change))


@pytest.mark.parametrize("name", REMOVED)
def test_without_any_one_rule_the_invariant_breaks(name: str) -> None:
    corridor, faults, change = REMOVED[name]
    assert not explore(corridor, faults, replace(IN_USE, **change), invariant=True).is_safe


def test_a_journal_does_not_do_without_the_fence() -> None:
    """An order of the epoch before, still under way, is taken up after it was given anew."""
    faults = Faults(cancels=1, crashes=1)
    found = explore(THREE_CELLS, faults, replace(IN_USE, fences_epoch=False), invariant=True)
    assert found.what == "unit 0 may enter [1], which it does not hold"


def _follow(trace: tuple[str, ...], corridor: Corridor, faults: Faults, rules: Rules) -> bool:
    """Whether the trace, move by move, leads to two bodies in one cell: nothing is made up."""
    worlds = [corridor.world(faults)]
    for label in trace:
        worlds = [
            after
            for world in worlds
            for what, after in moves(world, corridor, rules)
            if what == label
        ]
    return any(has_collided(world) for world in worlds)


def test_the_invariant_is_seen_to_break() -> None:
    world = THREE_CELLS.world(Faults())
    assert broken_invariant(world, IN_USE) == ""
    first, second = world.records
    doubled = world._replace(records=(first, second._replace(route=(0,))))
    assert broken_invariant(doubled, IN_USE) == "both units hold [0]"
    moved = world._replace(units=(world.units[0]._replace(ahead=1), world.units[1]))
    assert broken_invariant(moved, IN_USE) == "unit 0 may enter [1], which it does not hold"

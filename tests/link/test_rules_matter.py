"""Each rule of the release protocol is needed: without it, the eye of keeper.py sees a violation.

A test that cannot fail proves nothing. Here the code is broken on purpose, one rule at a time, and
some world in trouble has to come to a point where somebody is, may go, or may yet be sent, where
another one holds, or where a unit says what cannot be.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from keeper import Keeper, Trouble
from mutants import mutant_kernel, mutant_of

from fleet_control.errors import InvariantError
from fleet_control.link import courier, kernels, settle
from twin import agent_kernels, agents
from twin.link import Noise

N_SEEDS, N_CYCLES = 40, 120
FIRST_SEEDS = {
    "orders of an earlier controller are refused": 22,
    "an order that never came frees no more than the unit covers": 11,
    "states from before the unit was switched on do not count": 8,
    "states for an earlier controller do not count": 7,
}
"""Where to begin to look, to save time: a rule may matter in one world of twenty only."""
WILD = Trouble(
    cancel=0.05, pause=0.03, reboot=0.02, kill=0.02, down=0.01,
    noise=Noise(loss=0.3, duplicate=0.4, delay_s=0.4, reorder=0.4),
)  # fmt: skip
Patch = Callable[[pytest.MonkeyPatch], None]


def of_units(entry: str, old: str, new: str, within: str | None = None) -> Patch:
    """A change of what units do."""
    changed = mutant_kernel(agent_kernels, entry, old, new, within)
    return lambda patch: patch.setattr(agents, entry, changed)


def of_courier(entry: str, old: str, new: str, within: str | None = None) -> Patch:
    """A change of how the courier hears or writes."""
    changed = mutant_kernel(kernels, entry, old, new, within)
    return lambda patch: patch.setattr(courier, entry, changed)


def of_settler(name: str, old: str, new: str) -> Patch:
    """A change of what the courier concludes."""
    changed = mutant_of(getattr(settle.Settler, name), old, new)
    return lambda patch: patch.setattr(settle.Settler, name, changed)


def of_kept(old: str, new: str) -> Patch:
    changed = mutant_of(settle._kept, old, new)
    return lambda patch: patch.setattr(settle, "_kept", changed)


def frees_the_lost(patch: pytest.MonkeyPatch) -> None:
    """Silence taken for proof: the steps of a unit that is not heard are given up."""
    news = courier.Courier.news

    def changed(self: courier.Courier, time_s: float) -> object:
        for unit, book in enumerate(self.books.units):
            if book["told_flags"] & 8 and book["released"] > book["done"] + 1:
                self._settler._retract(unit, int(max(book["done"], book["cleared"])))
        return news(self, time_s)

    patch.setattr(courier.Courier, "news", changed)


RULES: dict[str, Callable[[], Patch]] = {
    "orders for another session are refused": lambda: of_units(
        "hear_orders", "order.session != agent.session", "False"
    ),
    "orders of an earlier controller are refused": lambda: of_units(
        "hear_orders", "order.epoch < agent.epoch", "False"
    ),
    "orders given up are refused, even if they come later": lambda: of_units(
        "hear_orders", "order.order <= agent.tombstone", "False"
    ),
    "an order says how far, not how much further": lambda: of_units(
        "hear_orders", "order.last + 1)",
        "agent.base - agent.offset + 1 + max(0, order.last - order.first))",
    ),
    "cells are left when the body has left": lambda: of_units(
        "tell_states", "unit.cleared - agent.offset",
        "min(unit.done + 1, agent.base) - agent.offset", "numbers_of",
    ),
    "cells are free when a cancel is confirmed": lambda: of_settler(
        "begin_cancel", 'book["cancel"], book["instant_s"] = book["order"], NEVER_S',
        'self._retract(unit, int(max(book["done"], book["cleared"])))',
    ),
    "the confirmation is of this order": lambda: of_settler(
        "_follow", 'state["tombstone"] >= given_up', 'state["stands"]'
    ),
    "an order that never came frees no more than the unit covers": lambda: of_kept(
        'int(book["done"]) + int(state["next"] >= 0)', 'int(book["done"])'
    ),
    "a unit that was switched on holds both cells it covers": lambda: of_settler(
        "_place", 'done + further + int(state["next"] >= 0)', "done + further"
    ),
    "a unit that was switched on is where it says": lambda: of_settler(
        "_place", "further = step_at(", "further = 0 * step_at("
    ),
    "states from before the unit was switched on do not count": lambda: of_courier(
        "hear_states", "state.session < book.heard_session", "False"
    ),
    "states for an earlier controller do not count": lambda: of_courier(
        "hear_states", "state.epoch != epoch", "False"
    ),
    "states that were overtaken do not count": lambda: of_courier(
        "hear_states", "state.seq <= book.seq", "False"
    ),
    "silence frees nothing": lambda: frees_the_lost,
}  # fmt: skip


def is_seen(first_seed: int) -> bool:
    """Whether some world ends with a violation that the keeper or the courier notices."""
    for seed in range(first_seed, first_seed + N_SEEDS):
        keeper = Keeper(seed, trouble=WILD)
        try:
            for _ in range(N_CYCLES):
                keeper.cycle(is_calm=False)
        except (AssertionError, InvariantError):
            return True
    return False


@pytest.mark.parametrize("rule", RULES, ids=RULES)
def test_without_the_rule_a_violation_is_seen(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    RULES[rule]()(monkeypatch)
    assert is_seen(FIRST_SEEDS.get(rule, 0)), f"nobody noticed that this does not hold: {rule}"


def test_with_all_rules_none_is_seen() -> None:
    for seed in range(6):
        keeper = Keeper(seed, trouble=WILD)
        for _ in range(N_CYCLES):
            keeper.cycle(is_calm=False)

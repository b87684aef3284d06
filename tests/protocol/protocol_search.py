"""Every world that can come about, breadth first: the first bad one has a shortest trace."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from protocol_model import (
    Corridor,
    Faults,
    Rules,
    World,
    broken_invariant,
    has_collided,
    moves,
)


@dataclass(frozen=True)
class Finding:
    """n_worlds: looked at. trace: what happened up to the first bad world; empty if there is none.
    what: is wrong in it."""

    n_worlds: int
    trace: tuple[str, ...] = ()
    what: str = ""

    @property
    def is_safe(self) -> bool:
        return not self.what


def explore(
    corridor: Corridor, faults: Faults, rules: Rules, *, invariant: bool = False,
    most: int = 2_000_000,
) -> Finding:  # fmt: skip
    """Look for two bodies in one cell, or with `invariant` for the first breach of the invariant.

    Raises AssertionError beyond `most` worlds: what is not exhausted proves nothing.
    """
    start = corridor.world(faults)
    came_from: dict[World, tuple[World, str] | None] = {start: None}
    queue = deque([start])
    fault_of = _invariant_of(rules) if invariant else _collision
    while queue:
        before = queue.popleft()
        for what, world in moves(before, corridor, rules):
            if world in came_from:
                continue
            came_from[world] = before, what
            if fault := fault_of(world):
                return Finding(len(came_from), _trace(world, came_from), fault)
            queue.append(world)
        assert len(came_from) <= most, f"more than {most:,} worlds: not exhausted"
    return Finding(len(came_from))


def _collision(world: World) -> str:
    return "two bodies are in one cell" if has_collided(world) else ""


def _invariant_of(rules: Rules) -> Callable[[World], str]:
    return lambda world: broken_invariant(world, rules)


def _trace(world: World, came_from: dict[World, tuple[World, str] | None]) -> tuple[str, ...]:
    labels = []
    while (step := came_from[world]) is not None:
        world, label = step
        labels.append(label)
    return tuple(reversed(labels))

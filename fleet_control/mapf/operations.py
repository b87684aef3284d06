"""Operations: short sequences of actions that a unit chooses between (EPIBT; AAAI 2026).

Not what operators ask for (fleet_control.operations). Of all sequences those are left out that end
in a turn, which nobody could tell from waiting, and of those that lead over the same cells at the
same time all but the one that turns last. With three steps 17 remain. They form a tree, so that
what begins alike is looked at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.action_kernels import CLOCKWISE, COUNTER_CLOCKWISE, FORWARD, WAIT

TURNED = np.array([0, 3, 1, 0], dtype=np.int8)
"""What an action adds to the heading, modulo 4."""
_STEPS = ((1, 0), (0, -1), (-1, 0), (0, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Operations:
    """actions: int8[n, depth], the least wanted of equals first; number 0 is to wait throughout.

    shifted: int32[n], what is left of each after its first step, and a wait.
    parents: int32[n_nodes], actions_to: int8[n_nodes]: the tree of beginnings; node 0 is the start,
        and every other is its parent and one action more, with a higher number.
    nodes: int32[n, depth + 1], beginnings of each operation.
    """

    actions: NDArray[np.int8]
    shifted: NDArray[np.int32]
    parents: NDArray[np.int32]
    actions_to: NDArray[np.int8]
    nodes: NDArray[np.int32]


@cache
def operations_of(depth: int) -> Operations:
    """The operations of so many steps."""
    chosen: dict[tuple[tuple[int, int], ...], tuple[int, ...]] = {}
    for actions in sorted(product(range(4), repeat=depth), key=_wanted):
        if _ends_in_a_move(actions):
            chosen[_cells_over(actions)] = actions  # the last of equals turns last
    listed = sorted(chosen.values(), key=_wanted)
    number = {_cells_over(actions): index for index, actions in enumerate(listed)}
    shifted = [number[_cells_over((*actions[1:], WAIT))] for actions in listed]
    beginnings: dict[tuple[int, ...], int] = {(): 0}
    for length in range(1, depth + 1):
        for actions in listed:
            beginnings.setdefault(actions[:length], len(beginnings))
    return Operations(
        actions=np.array(listed, dtype=np.int8),
        shifted=np.array(shifted, dtype=np.int32),
        parents=np.array([beginnings[b[:-1]] for b in beginnings], dtype=np.int32),
        actions_to=np.array([b[-1] if b else WAIT for b in beginnings], dtype=np.int8),
        nodes=np.array(
            [[beginnings[a[:length]] for length in range(depth + 1)] for a in listed],
            dtype=np.int32,
        ),
    )


def _wanted(actions: tuple[int, ...]) -> tuple[float, ...]:
    """Sorts what is less wanted first: moving early is best, then turning late."""
    moves = sum(len(actions) - at for at, action in enumerate(actions) if action == FORWARD)
    turns = [at for at, action in enumerate(actions) if action in (CLOCKWISE, COUNTER_CLOCKWISE)]
    return (moves, -len(turns), sum(turns), *(-action for action in actions))


def _ends_in_a_move(actions: tuple[int, ...]) -> bool:
    """Whether the last of it that is no wait is a move, as there is none in waiting throughout."""
    done = [action for action in actions if action != WAIT]
    return not done or done[-1] == FORWARD


def _cells_over(actions: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Place after each step as seen from the start, and where the unit heads in the end."""
    x = y = heading = 0
    places = []
    for action in actions:
        heading = (heading + int(TURNED[action])) % 4
        if action == FORWARD:
            x, y = x + _STEPS[heading][0], y + _STEPS[heading][1]
        places.append((x, y))
    return (*places, (heading, 0))

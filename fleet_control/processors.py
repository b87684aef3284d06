"""How much of this machine a program may use."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def usable_processors() -> int:
    """Processors that this process may run on, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def even_shares(n: int, n_shares: int) -> list[tuple[int, int]]:
    """First and last (left out) of each share of n things, as even as may be."""
    return list(pairwise(n * share // n_shares for share in range(n_shares + 1)))


def in_threads(n_threads: int, work: Callable[[*Ts], T], shares: Sequence[tuple[*Ts]]) -> list[T]:
    """What the work returns for each share, in their order. Kernels hold no GIL, so that they do
    run side by side; a single share takes no thread."""
    if len(shares) == 1:
        return [work(*shares[0])]
    with ThreadPoolExecutor(n_threads) as pool:
        return [done.result() for done in [pool.submit(work, *share) for share in shares]]

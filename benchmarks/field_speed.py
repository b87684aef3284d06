"""Time of a distance field, by either kernel, and of weighing tasks whose fields are there already.

    python benchmarks/field_speed.py demo thousand

For every floor, with its lanes: the least time in which fields to the same random goals are made
with a bucket of its own room for every distance (what cheap moves have) and by linked lists (what
dear ones need); their ratio; and the time of one look from 100 units to 64 tasks.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import EMPTY, LADEN, grid_of
from fleet_control.mapf.lanes import lanes_of
from layouts import LayoutError, load

N_GOALS, N_UNITS, N_TASKS = 40, 100, 64
REPEATS = 10


def least_s(call: Callable[[], object]) -> float:
    """Least seconds that the call takes."""
    least = np.inf
    for _ in range(REPEATS):
        began_s = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - began_s)
    return least


def measure(name: str) -> str:
    layout = load(name)
    grid = grid_of(layout, lanes_of(layout))
    rng = np.random.default_rng(0)
    free = np.flatnonzero(layout.driveable).astype(np.int32)
    wanted = [(int(goal), load) for load in (EMPTY, LADEN) for goal in rng.choice(free, N_GOALS)]

    def made(goal: int, load: int, is_cheap: bool) -> Callable[[], object]:
        fields = DistanceFields(grid, 1, memory_mb=0)
        fields._filler.is_cheap = is_cheap
        slot = fields.hold(goal, load)
        return lambda: fields._fill([slot])

    ms = [
        1e3 * np.mean([least_s(made(*one, is_cheap)) for one in wanted])
        for is_cheap in (True, False)
    ]
    fields = DistanceFields(grid, N_UNITS)
    cells, headings = rng.choice(free, N_UNITS), rng.integers(4, size=N_UNITS).astype(np.int8)
    tasks = rng.choice(free, N_TASKS).tolist()
    look_s = least_s(lambda: fields.costs(cells, headings, tasks, EMPTY))
    return (
        f"{layout.name}: {grid.n_compact} cells, {ms[0]:.3f} ms a field by buckets, {ms[1]:.3f} by "
        f"lists, {ms[1] / ms[0]:.2f} times; {1e3 * look_s:.3f} ms a look"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("layouts", nargs="+")
    for name in parser.parse_args().layouts:
        try:
            print(measure(name))
        except LayoutError as error:
            parser.error(str(error))


if __name__ == "__main__":
    main()

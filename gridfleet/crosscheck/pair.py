"""Both runs, each in a process of its own: the slow one does not wait for the fast one."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from typing import Any

from gridfleet.brain import lay_groundwork
from gridfleet.crosscheck.side import CrosscheckError, Side, Span, run_side
from gridfleet.scenario import Scenario
from layouts import GridfleetError

LOOK_S = 0.1
"""Between two looks of the first process at where the others are."""
OnProgress = Callable[[list[float]], None]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """fast: in the engine that is to be judged. true: in the one that it is judged by."""

    fast: Side
    true: Side


def run_pair(
    scenarios: tuple[Scenario, Scenario], span: Span, on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] | None = None, *, in_processes: bool = True,
) -> Pair:  # fmt: skip
    """Run both scenarios: the engine that is judged, and the one that it is judged by.

    on_progress: told the simulated seconds of each. should_stop: asked all the while; the sides
    then hold what there was. in_processes: False runs one after the other in this process.
    Raises a GridfleetError for what cannot be run.
    """
    if in_processes:
        return Pair(*_in_processes(scenarios, span, on_progress, should_stop))
    passed_s = [0.0 for _ in scenarios]
    sides = []
    for index, scenario in enumerate(scenarios):

        def note(sim_s: float, index: int = index) -> None:
            passed_s[index] = sim_s
            if on_progress is not None:
                on_progress(passed_s)

        sides.append(run_side(scenario, span, note, should_stop))
    return Pair(*sides)


def _in_processes(
    scenarios: tuple[Scenario, Scenario], span: Span, on_progress: OnProgress | None,
    should_stop: Callable[[], bool] | None,
) -> list[Side]:  # fmt: skip
    for scenario in scenarios:
        lay_groundwork(scenario)  # what is wrong with it is told at once
    context = get_context("spawn")
    stop, passed = context.Event(), context.Array("d", len(scenarios))
    with _pool(len(scenarios), context, (stop, passed)) as pool:
        running = [
            pool.submit(_run_one, index, scenario, span) for index, scenario in enumerate(scenarios)
        ]
        try:
            _watch(running, stop, passed, on_progress, should_stop)
            found = [future.result() for future in running]
        except BrokenProcessPool:
            raise CrosscheckError("a process of the two ended without a result") from None
        finally:
            stop.set()
    for side in found:
        if isinstance(side, str):
            raise CrosscheckError(side)
    return [side for side in found if isinstance(side, Side)]


@contextmanager
def _pool(n_workers: int, context: Any, shared: tuple[Any, ...]) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(n_workers, context, initializer=_begin, initargs=shared) as pool:
        yield pool


def _watch(
    running: list[Future[Side | str]], stop: Event, passed: Any, on_progress: OnProgress | None,
    should_stop: Callable[[], bool] | None,
) -> None:  # fmt: skip
    """Until both are over. Where one cannot be run the other need not."""
    left: set[Future[Side | str]] = set(running)
    while left:
        done, left = wait(left, timeout=LOOK_S)
        if any(isinstance(future.result(), str) for future in done):
            stop.set()
        if should_stop is not None and should_stop():
            stop.set()
        if on_progress is not None:
            on_progress(list(passed))


_stop: Event | None = None
_passed: Any = None
"""Of this process: set when both are to stop, and where each run notes how far it is."""


def _begin(stop: Event, passed: Any) -> None:
    """Ctrl-C goes to all processes of a terminal; only the first one deals with it."""
    global _stop, _passed
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _stop, _passed = stop, passed


def _run_one(index: int, scenario: Scenario, span: Span) -> Side | str:
    """The side, or why it cannot be run: errors do not survive the way between processes."""
    stop, passed = _stop, _passed
    assert stop is not None

    def note(sim_s: float) -> None:
        passed[index] = sim_s

    try:
        return run_side(scenario, span, note, stop.is_set)
    except GridfleetError as error:
        return str(error)

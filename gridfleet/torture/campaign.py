"""Many cases over processes; results come back in the order of seeds, whoever finished first."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from multiprocessing.synchronize import Event

from fleet_control.processors import usable_processors
from gridfleet.torture.result import CaseResult, Tally
from gridfleet.torture.run import run_case

Run = Callable[[int], CaseResult]
AHEAD = 8
"""Cases handed out for each process, so that none waits for one slow case."""


def run_campaign(
    seeds: range,
    workers: int = 0,
    on_result: Callable[[Tally], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    run: Run | None = None,
) -> Tally:
    """Run the cases of these seeds and add them up.

    workers: processes, 0 for as many as there are processors; 1 runs them in this one. on_result:
    called with the sum so far after every case. should_stop: looked at between cases; the sum then
    holds the seeds up to there. run: what makes and runs a case; None for those in one process.
    """
    workers = min(workers or usable_processors(), len(seeds))
    tally, run = Tally(), run or run_case
    made = _in_processes(seeds, workers, run) if workers > 1 else _here(seeds, run)
    with closing(made) as results:
        for result in results:
            tally.add(result)
            if on_result is not None:
                on_result(tally)
            if should_stop is not None and should_stop():
                break
    return tally


def _here(seeds: range, run: Run) -> Generator[CaseResult, None, None]:
    for seed in seeds:
        yield run(seed)


def _in_processes(seeds: range, workers: int, run: Run) -> Generator[CaseResult, None, None]:
    """Results in the order of seeds. Left early, what has not begun is not begun."""
    context = get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(stop,)) as pool:
        left = iter(seeds)
        running: deque[Future[CaseResult]] = deque()
        try:
            while True:
                for seed in left:
                    running.append(pool.submit(_run_one, run, seed))
                    if len(running) >= AHEAD * workers:
                        break
                if not running:
                    return
                yield running.popleft().result()
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


_stop: Event | None = None
"""Of this process of a pool: set when no more results are wanted."""


def _begin(stop: Event) -> None:
    """Ctrl-C goes to all processes of a terminal; only the first one deals with it."""
    global _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _stop = stop


def _run_one(run: Run, seed: int) -> CaseResult:
    """What was handed out and has not begun when all is to end is not begun."""
    is_wanted = _stop is None or not _stop.is_set()
    return run(seed) if is_wanted else CaseResult(seed, {})

"""A bar of steps on stderr, and Ctrl-C as a wish; what a bench asks of its watcher."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from gridfleet.cli.interrupt import StopOnInterrupt
from gridfleet.cli.progress import REFRESH_S, make_bar


class StepsBar:
    """`with StepsBar(...) as bar: run(..., bar)`. counted: "steps" or "ticks"."""

    def __init__(self, n_steps: int, counted: str, is_quiet: bool) -> None:
        self._n_steps, self._counted = n_steps, counted
        self._is_live = not is_quiet and sys.stderr.isatty()
        self._stop = StopOnInterrupt()
        self._shown_at_s = 0.0

    def __enter__(self) -> Self:
        self._stop.__enter__()
        if self._is_live:
            self._bar = make_bar()
            self._bar.start()
            self._task = self._bar.add_task("preparing", total=self._n_steps)
        return self

    def show(self, step: int, n_finished: int, n_timeouts: int) -> None:
        now_s = time.perf_counter()
        if self._is_live and now_s - self._shown_at_s >= REFRESH_S:
            self._shown_at_s = now_s
            late = f", {n_timeouts:,} lost to timeouts" if n_timeouts else ""
            text = f"{step:,} of {self._n_steps:,} {self._counted}, {n_finished:,} tasks{late}"
            self._bar.update(self._task, completed=step, description=text)

    def is_stopped(self) -> bool:
        return self._stop.asked()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_live:
            self._bar.stop()
        self._stop.__exit__(kind, error, trace)

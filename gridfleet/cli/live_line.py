"""The live line of a fleet on stderr; where that is no terminal, one line a minute."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from gridfleet.live.run import CycleNews, LiveRun

REFRESH_S, SLOW_S = 1.0, 60.0


class LiveLine:
    """Implements gridfleet.live.run.Observer."""

    def __init__(self) -> None:
        self._is_live = sys.stderr.isatty()
        self._shown_s = time.monotonic()
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        if self._is_live:
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn

            self._bar = Progress(
                SpinnerColumn(), TextColumn("{task.description}"), console=Console(stderr=True)
            )
            self._bar.start()
            self._task = self._bar.add_task("beginning", total=None)
        return self

    def cycle_done(self, run: LiveRun, news: CycleNews) -> None:
        now_s = time.monotonic()
        if now_s - self._shown_s < (REFRESH_S if self._is_live else SLOW_S):
            return
        self._shown_s = now_s
        text = _text(run, news)
        if self._bar is not None:
            self._bar.update(self._task, description=text)
        else:
            print(text, file=sys.stderr, flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def _text(run: LiveRun, news: CycleNews) -> str:
    from gridfleet.cli.progress import clock

    brain = run.brain
    setup, roster = brain.setup, brain.controller.supervisor.roster
    n_ready = int((roster.is_ready & brain.controller.executor.is_present).sum())
    took_ms = 1000 * (news.decide_s + news.commit_s + news.send_s)
    n_awaited = len(run.awaited)
    waiting = f"nothing moves until {n_awaited} more have a place  " if n_awaited else ""
    return (
        f"{waiting}{clock(news.time_s)} h  {setup.n_done():,} {setup.counted}  {n_ready} of "
        f"{brain.n_units} units well, {brain.controller.n_working} with a task  cycle "
        f"{took_ms:.0f} ms, {run.n_overruns:,} too long"
    )

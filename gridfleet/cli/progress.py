"""The live line of a run on stderr; where that is no terminal, one line when the run is over."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from gridfleet.simulation import Progress

REFRESH_S = 0.1


class ProgressLine:
    """`with ProgressLine(...) as line: simulation.run(line.show)`.

    hours: simulated. counted: what the run counts, "picks" or "errands". began_at_s: where a run
    goes on that was interrupted.
    """

    def __init__(self, hours: float, counted: str, is_quiet: bool, began_at_s: float = 0.0) -> None:
        self._hours, self._counted, self._is_quiet = hours, counted, is_quiet
        self._began_at_s = began_at_s
        self._is_live = not is_quiet and sys.stderr.isatty()
        self._last: Progress | None = None
        self._shown_at_s = self._began_s = 0.0

    def __enter__(self) -> Self:
        self._began_s = time.perf_counter()
        if self._is_live:
            self._bar = make_bar()
            self._bar.start()
            self._task = self._bar.add_task("preparing", total=self._hours * 3600.0)
        return self

    def show(self, news: Progress) -> None:
        """Take in where the run is; costs nothing between two refreshes of the screen."""
        self._last = news
        now_s = time.perf_counter()
        if self._is_live and now_s - self._shown_at_s >= REFRESH_S:
            self._shown_at_s = now_s
            self._refresh(news, now_s)

    def _refresh(self, news: Progress, now_s: float) -> None:
        self._bar.update(self._task, completed=news.sim_s, description=self._text(news, now_s))

    def _text(self, news: Progress, now_s: float) -> str:
        speed = (news.sim_s - self._began_at_s) / max(now_s - self._began_s, 1e-9)
        return (
            f"{clock(news.sim_s)} of {clock(news.total_s)} h  {speed:,.0f} x real time  "
            f"{news.picks:,} {self._counted}  {news.active_units} of {news.n_units} units"
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        now_s = time.perf_counter()
        if self._is_live:
            if self._last is not None:
                self._refresh(self._last, now_s)
            self._bar.stop()
        elif not self._is_quiet and self._last is not None:
            print(self._text(self._last, now_s), file=sys.stderr)


def clock(seconds: float) -> str:
    """Hours and minutes, as 7:05."""
    minutes = int(seconds // 60)
    return f"{minutes // 60}:{minutes % 60:02d}"


def make_bar() -> Bar:
    """A bar on stderr with a description behind it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    return Progress(
        BarColumn(bar_width=24), TaskProgressColumn(), TextColumn("{task.description}"),
        console=Console(stderr=True),
    )  # fmt: skip

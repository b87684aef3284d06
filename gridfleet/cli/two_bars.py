"""Live lines of runs side by side on stderr; where that is no terminal, none."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from gridfleet.cli.progress import clock, make_bar


class TwoBars:
    """`with TwoBars(...) as bars: run_pair(..., bars.show)`. hours: simulated, of each run."""

    def __init__(self, names: list[str], hours: float, is_quiet: bool) -> None:
        self._names, self._total_s = names, hours * 3600.0
        self._is_live = not is_quiet and sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self._is_live:
            self._bar = make_bar()
            self._bar.start()
            self._tasks = [self._bar.add_task(name, total=self._total_s) for name in self._names]
        return self

    def show(self, passed_s: list[float]) -> None:
        """Simulated seconds that each run has come to."""
        if not self._is_live:
            return
        for task, name, sim_s in zip(self._tasks, self._names, passed_s, strict=True):
            text = f"{name}  {clock(sim_s)} of {clock(self._total_s)} h"
            self._bar.update(task, completed=sim_s, description=text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_live:
            self._bar.stop()

"""Ctrl-C as a wish that a run looks for, so that it ends with a usable result."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self


class StopOnInterrupt:
    """While entered, the first Ctrl-C is noted and the second one interrupts at once.

    The second is for when the run cannot look, as while kernels are compiled. signals: that count
    as Ctrl-C.
    """

    def __init__(self, signals: tuple[signal.Signals, ...] = (signal.SIGINT,)) -> None:
        self._is_asked, self._signals = False, signals

    def __enter__(self) -> Self:
        self._before = [signal.signal(number, self._note) for number in self._signals]
        return self

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        if self._is_asked:
            raise KeyboardInterrupt
        self._is_asked = True

    def asked(self) -> bool:
        """Whether there was a Ctrl-C."""
        return self._is_asked

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in zip(self._signals, self._before, strict=True):
            signal.signal(number, before)

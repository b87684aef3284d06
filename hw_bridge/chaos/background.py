"""Something that runs in a thread of its own, and can be asked things while it runs.

Sockets of ZeroMQ belong to one thread, so whoever wants to turn a dial hands a question over, which
is answered between two steps.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

STEP_S = 0.2
"""The longest that a step waits when nothing happens."""
ANSWER_S = 10.0


class Runs(Protocol):
    """What can run in the background. All calls come from that thread."""

    def watch(self, fd: int) -> None:
        """Let a step end when something can be read there."""

    def step(self, timeout_s: float) -> None:
        """Wait for something to happen, not longer than that, and deal with it."""

    def close(self) -> None: ...


T = TypeVar("T", bound=Runs)
R = TypeVar("R")


class Background(Generic[T]):
    """Makes one of its kind in a thread and runs it until `stop`; an error there is raised by the
    next call here."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._questions: deque[tuple[Callable[[T], Any], Future[Any]]] = deque()
        self._near, self._far = socket.socketpair()
        self._far.setblocking(False)
        self._stopped = False
        self._error: BaseException | None = None
        begun: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(make, begun), daemon=True)
        self._thread.start()
        try:
            begun.result(ANSWER_S)
        except BaseException:
            self.stop()
            raise

    def ask(self, question: Callable[[T], R]) -> R:
        """What the question returns, asked of the one that runs, in its thread."""
        answer: Future[R] = Future()
        self._questions.append((question, answer))
        self._wake()
        if not self._thread.is_alive() and not answer.done():
            raise RuntimeError("what ran in the background has stopped") from self._error
        return answer.result(ANSWER_S)

    def stop(self) -> None:
        """Close it and wait for its thread; may be called twice."""
        self._stopped = True
        self._wake()
        self._thread.join(ANSWER_S)
        self._near.close()
        self._far.close()

    def __enter__(self) -> Background[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._near.send(b".")

    def _run(self, make: Callable[[], T], begun: Future[None]) -> None:
        try:
            one = make()
        except BaseException as error:
            begun.set_exception(error)
            return
        one.watch(self._far.fileno())
        begun.set_result(None)
        try:
            while not self._stopped:
                one.step(STEP_S)
                self._answer(one)
        except BaseException as error:
            self._error = error
            self._refuse(error)
        finally:
            one.close()

    def _answer(self, one: T) -> None:
        with contextlib.suppress(BlockingIOError):
            self._far.recv(4096)
        while self._questions:
            question, answer = self._questions.popleft()
            try:
                answer.set_result(question(one))
            except Exception as error:
                answer.set_exception(error)

    def _refuse(self, error: BaseException) -> None:
        while self._questions:
            self._questions.popleft()[1].set_exception(error)

"""Shares of a fleet, each some worlds, moved by this process or by one of their own.

pybullet holds the interpreter while it steps, so more cores are only to be had by more processes.
Commands go out and the state of units comes back in memory that all of them share; what happens
rarely, and who touches whom, goes through one pipe for each process. A process ends with its pipe.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.physics.bullet import PhysicsError
from twin.physics.options import PLANAR
from twin.physics.planar import PlanarSpace
from twin.physics.space import N_COLUMNS, Load, Pair, Space, Wall
from twin.physics.wheeled import WheeledSpace
from twin.unit_model import UnitModel

PATIENCE_S = 5.0
"""How long a process may take to end."""
Call = tuple[int, str, tuple[Any, ...]]
"""World, method of `Space` and its arguments."""


@dataclass(frozen=True, slots=True)
class Ground:
    """All that worlds are made of; the same for every world of a floor."""

    detail: str
    unit: UnitModel
    n_units: int
    loads: list[Load]
    walls: list[Wall]
    is_shown: bool = False

    def make(self) -> Space:
        """A world with nothing but walls. Raises PhysicsError where there is no pybullet, or no
        screen for a world that is to be shown."""
        kind = PlanarSpace if self.detail == PLANAR else WheeledSpace
        reads_wheels = not self.unit.localisation.is_exact
        return kind(
            self.unit, self.n_units, self.loads, self.walls, reads_wheels=reads_wheels,
            is_shown=self.is_shown,
        )  # fmt: skip


class Share(Protocol):
    """Some worlds, moved together."""

    def tell(self, *call: Any) -> None:
        """Call a method of a world, some time before the next tick or answer."""

    def ask(self, *call: Any) -> Any:
        """Call a method of a world for what it returns."""

    def begin_tick(self, strains: bool) -> None:
        """Let a tick begin. strains: whether slip and torque are wanted after it."""

    def end_tick(self) -> list[Pair]:
        """Wait for it to be over, with the state filled; contacts of all worlds of the share."""

    def close(self) -> None:
        """Let go of the worlds; may be called again."""


class OwnShare:
    """Moved by this process, while others move theirs. worlds: their numbers. commands, state: of
    all units, as of `Space`."""

    def __init__(
        self, ground: Ground, worlds: list[int], commands: NDArray[np.float64],
        state: NDArray[np.float64],
    ) -> None:  # fmt: skip
        self._spaces = {world: ground.make() for world in worlds}
        self._commands, self._state, self._strains = commands, state, False

    def tell(self, world: int, name: str, *args: Any) -> None:
        getattr(self._spaces[world], name)(*args)

    def ask(self, world: int, name: str, *args: Any) -> Any:
        return getattr(self._spaces[world], name)(*args)

    def begin_tick(self, strains: bool) -> None:
        self._strains = strains

    def end_tick(self) -> list[Pair]:
        pairs: list[Pair] = []
        for space in self._spaces.values():
            space.step(self._commands)
            space.read(self._state)
            pairs += space.contacts()
            if self._strains:
                space.strain(self._state)
        return pairs

    def close(self) -> None:
        for space in self._spaces.values():
            space.close()


class OtherShare:
    """Moved by a process of its own. memory: of commands and state, see `shared_arrays`."""

    def __init__(self, ground: Ground, worlds: list[int], memory: Any) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, ground, worlds, memory), daemon=True,
            name=f"{len(worlds)} worlds of bodies",
        )  # fmt: skip
        with _no_interrupts():
            self._process.start()
        theirs.close()  # else this process would never see that the other one has ended
        self._calls: list[Call] = []

    def tell(self, world: int, name: str, *args: Any) -> None:
        self._calls.append((world, name, args))

    def ask(self, world: int, name: str, *args: Any) -> Any:
        self._send((world, name, args))
        return self._receive()

    def begin_tick(self, strains: bool) -> None:
        self._send(strains)

    def end_tick(self) -> list[Pair]:
        pairs: list[Pair] = self._receive()
        return pairs

    def _send(self, question: Call | bool) -> None:
        try:
            self._pipe.send((self._calls, question))
        except OSError:
            raise self._loss() from None
        self._calls = []

    def _receive(self) -> Any:
        try:
            answer, error = self._pipe.recv()
        except (EOFError, OSError):
            raise self._loss() from None
        if error:
            raise PhysicsError(f"the process that moves {self._process.name} failed: {error}")
        return answer

    def _loss(self) -> PhysicsError:
        name = self._process.name
        self._process.join(PATIENCE_S)
        code = self._process.exitcode
        return PhysicsError(
            f"the process that moves {name} has ended with exit code {code}; "
            "if memory is short, run with fewer processes"
        )

    def close(self) -> None:
        self._pipe.close()
        self._process.join(PATIENCE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def shared_arrays(memory: Any, n_units: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Commands and state of all units in one piece of memory."""
    numbers = np.frombuffer(memory)[: n_units * (3 + N_COLUMNS)]
    commands, state = np.split(numbers, [3 * n_units])
    return commands.reshape(n_units, 3), state.reshape(n_units, N_COLUMNS)


def shared_memory(n_units: int, *, is_shared: bool) -> Any:
    """Memory for `shared_arrays`, that processes which are begun with it see as well."""
    n_numbers = max(1, n_units) * (3 + N_COLUMNS)
    return get_context("spawn").RawArray("d", n_numbers) if is_shared else np.zeros(n_numbers)


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Ctrl-C goes to all processes of a terminal; only the first one deals with it. One that begins
    meanwhile takes over what is blocked."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _serve(pipe: Connection, ground: Ground, worlds: list[int], memory: Any) -> None:
    """Do what comes through the pipe until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    share = OwnShare(ground, worlds, *shared_arrays(memory, ground.n_units))
    try:
        while True:
            calls, question = pipe.recv()
            try:
                answer, error = _answer(share, calls, question), ""
            except Exception as fault:
                answer, error = None, f"{type(fault).__name__}: {fault}"
            pipe.send((answer, error))
    except (EOFError, OSError):
        pass
    finally:
        share.close()


def _answer(share: OwnShare, calls: list[Call], question: Call | bool) -> Any:
    for world, name, args in calls:
        share.tell(world, name, *args)
    if isinstance(question, bool):
        share.begin_tick(question)
        return share.end_tick()
    world, name, args = question
    return share.ask(world, name, *args)

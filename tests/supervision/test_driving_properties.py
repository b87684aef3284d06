"""Errands over paths that are cut, suspended, resumed and given back, at random by seed: each is
done once, whatever befalls its unit."""

from __future__ import annotations

import numpy as np
import pytest
from hall import Hall
from test_operating import assert_streams_are_whole, finish, with_rides, with_stream
from test_units_that_stop import SOON

from fleet_control.operations import Operation, OperationKind

K = OperationKind


class Luck:
    """What happens to a hall, cycle by cycle."""

    def __init__(self, floor: Hall, seed: int) -> None:
        self._floor, self._rng = floor, np.random.default_rng([seed, 77])
        self._blocked: list[int] = []
        self.n_cuts = 0

    def run(self, n_cycles: int) -> None:
        for _ in range(n_cycles):
            if self._rng.random() < 0.1:
                self._floor.controller.supervisor.books.cut()
                self.n_cuts += 1
            self._stop_or_start()
            self._floor.cycle(*self._operations())
        self._end()

    def _stop_or_start(self) -> None:
        """Units stop and go on without a word; lifts fail."""
        backend, unit = self._floor.backend, int(self._rng.integers(self._floor.n_units))
        if self._rng.random() < 0.03:
            self._floor.is_mute.add(unit)
            backend._is_paused[unit] = True
        elif self._rng.random() < 0.05:
            self._go_on(unit)
        if self._rng.random() < 0.01:
            backend.fail_acts(unit, int(self._rng.integers(1, 5)))

    def _go_on(self, unit: int) -> None:
        self._floor.is_mute.discard(unit)
        self._floor.backend._is_paused[unit] = False
        self._floor.backend._begin_step(unit, self._floor.now_s)

    def _operations(self) -> list[Operation]:
        unit = int(self._rng.integers(self._floor.n_units))
        if self._rng.random() > 0.04:
            return []
        kind = self._rng.choice([K.PAUSE, K.RESUME, K.DRAIN, K.UNDRAIN, K.BLOCK, K.CLOSE_AREA])
        kind = K(str(kind))
        if kind is K.BLOCK:
            return self._block()
        if kind is K.CLOSE_AREA:
            name = f"A{self._rng.integers(2)}"
            if name in self._floor.controller.supervisor.closures.areas:
                return [Operation(K.OPEN_AREA, name=name)]
            cell = int(self._rng.integers(self._floor.layout.n_cells - 1))
            return [Operation(K.CLOSE_AREA, name=name, cells=(cell, cell + 1))]
        return [Operation(kind, unit=unit)]

    def _block(self) -> list[Operation]:
        """Something is put on a free cell, and what lay elsewhere is taken away."""
        gone = [Operation(K.UNBLOCK, cells=tuple(self._blocked))]
        free = np.flatnonzero(self._floor.controller.executor.owners < 0)
        self._blocked = [int(self._rng.choice(free))]
        return [*gone, Operation(K.BLOCK, cells=tuple(self._blocked))]

    def _end(self) -> None:
        """All is well again."""
        for unit in range(self._floor.n_units):
            self._go_on(unit)
            self._floor.backend.fail_acts(unit, 0)
            self._floor.ask(K.RESUME, unit=unit)
        self._floor.ask(K.UNDRAIN)
        self._floor.ask(K.UNBLOCK, cells=tuple(self._blocked))
        for name in ("A0", "A1"):
            self._floor.ask(K.OPEN_AREA, name=name)


@pytest.mark.parametrize("seed", range(24))
def test_rides_are_done_once_each(seed: int) -> None:
    floor = with_rides(n_rides=16, n_units=2 + seed % 5, seed=seed, stops=SOON)
    luck = Luck(floor, seed)
    luck.run(900)
    finish(floor)
    assert luck.n_cuts
    driving = floor.controller.driving
    assert floor.controller.n_working == 0
    assert driving.is_free.all()
    assert not driving.is_laden.any()


@pytest.mark.parametrize("seed", range(12))
def test_a_stream_is_driven_in_its_order(seed: int) -> None:
    floor = with_stream(n_units=2 + seed % 5, seed=seed)
    Luck(floor, seed).run(700)
    n_done = floor.work.tasks_done
    floor.run(60.0)
    assert floor.work.tasks_done >= n_done + floor.n_units
    assert_streams_are_whole(floor)


def test_some_of_that_really_happens() -> None:
    """Else the properties above would say little."""
    n_returned = n_led = 0
    for seed in range(6):
        floor = with_rides(n_rides=16, n_units=4, seed=seed, stops=SOON)
        Luck(floor, seed).run(500)
        n_returned += sum(floor.work.returned.values())
        n_led += int((floor.log.columns()["kind"] == 19).sum())
    assert n_returned > 5
    assert n_led > 20

"""A unit that was carried somewhere else while no controller was there to see it."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.supervision.status import UnitStatus, status_of
from gridfleet.torture.case import draw_case
from gridfleet.torture.run import CaseRun
from gridfleet.wiring.units import CYCLE_S


def cycles(run: CaseRun, n: int) -> set[tuple[int, int]]:
    """(unit, cell) of all that was released meanwhile."""
    released: set[tuple[int, int]] = set()
    for _ in range(n):
        reports = run.world.backend.advance(run.world.twin.time_s + CYCLE_S)
        commands = run.brain.step(reports, ())
        run.world.backend.send(commands)
        rows = commands.releases
        released |= set(zip(rows.units.tolist(), rows.cells.tolist(), strict=True))
    return released


@pytest.mark.parametrize("seed", [1, 5, 7, 9])
def test_a_restart_goes_on_without_it_and_around_it(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = CaseRun(draw_case(seed), [])
    cycles(run, 100)
    executor = run.brain.mind.controller.executor
    unit = int(np.flatnonzero(executor.released > executor.done)[0])
    run.world.drift(run.world.twin.time_s + 10.0)  # all that was released has been done
    free = np.flatnonzero(run.case.layout.driveable & (executor.owners < 0))
    there = int(free[len(free) // 2])

    agents = run.world.backend.agents
    tell = agents.tell

    def tell_of_another_place() -> np.ndarray:
        states = tell().copy()
        states["cell"][states["unit"] == unit] = there
        return states

    monkeypatch.setattr(agents, "tell", tell_of_another_place)
    run.brain.recover(run.world.backend)
    n_done = int(run.brain.mind.controller.executor.done.sum())
    released = cycles(run, 600)
    after = run.brain.mind.controller
    assert status_of(after.supervisor).units[unit].status is UnitStatus.NOT_ADMITTED
    assert not {who for who, cell in released if cell == there}, f"seed {seed}"
    assert unit not in {who for who, _ in released}, f"seed {seed}"
    assert int(after.executor.done.sum()) > n_done + 10, f"seed {seed}: the others stand"

"""Slots are never exceeded and go round in turn; every instant of a station has one state."""

from __future__ import annotations

import numpy as np
import pytest
from work_fakes import PICK, make_floor

from fleet_control.accounting.station_clock import StationClock
from fleet_control.work.stations import SlotGate, count_slots


def test_slots_are_the_service_cell_and_the_queue():
    assert count_slots(make_floor([PICK, PICK], [0, 3]).stations) == [1, 4]


def test_units_beyond_the_slots_go_in_the_order_they_asked():
    gate = SlotGate([2, 1])
    assert [gate.request(0, unit) for unit in (5, 3, 9, 1)] == [True, True, False, False]
    assert gate.request(1, 7)
    assert not gate.has_room(0)
    assert [gate.release(0) for _ in range(4)] == [9, 1, -1, -1]
    assert gate.n_departed == [0, 1]
    assert gate.has_room(0)


@pytest.mark.parametrize("seed", range(10))
def test_gate_against_brute_force(seed):
    rng = np.random.default_rng(seed)
    gate, inside, queue = SlotGate([3]), [], []
    for unit in range(200):
        if rng.random() < 0.55 or not inside:
            if gate.request(0, unit):
                inside.append(unit)
            else:
                queue.append(unit)
        else:
            inside.pop(int(rng.integers(len(inside))))
            granted = gate.release(0)
            assert granted == (queue.pop(0) if queue else -1), f"seed {seed}"
            inside += [granted] if granted >= 0 else []
        assert gate.n_departed == [len(inside)]
        assert len(inside) <= 3
        assert not queue or len(inside) == 3


def states(clock: StationClock, now_s: float) -> list[float]:
    return clock.times_s(now_s)[0].tolist()


def test_a_morning_at_a_station():
    """picking, starved, blocked, no work, by the definitions."""
    clock = StationClock(1)
    assert states(clock, 10.0) == [0, 0, 0, 10]
    clock.add_lines(0, 2, 10.0)
    clock.expect(0, 7, 25.0)
    assert states(clock, 20.0) == [0, 10, 0, 10]
    assert states(clock, 30.0) == [0, 15, 5, 10]  # unit 7 is overdue since 25
    clock.set_busy(0, True, 30.0)
    clock.expect(0, 8, 33.0)
    clock.add_lines(0, -1, 36.0)
    clock.set_busy(0, False, 36.0)
    clock.leave(0, 7, 36.0)
    assert states(clock, 40.0) == [6, 15, 9, 10]  # unit 8 changes over
    clock.set_busy(0, True, 40.0)
    clock.add_lines(0, -1, 42.0)
    clock.set_busy(0, False, 42.0)
    clock.leave(0, 8, 42.0)
    assert states(clock, 50.0) == [8, 15, 9, 18]


def test_nobody_under_way_is_starved():
    clock = StationClock(2)
    clock.add_lines(1, 1, 0.0)
    assert clock.times_s(5.0).tolist() == [[0, 0, 0, 5], [0, 5, 0, 0]]


@pytest.mark.parametrize("seed", range(10))
def test_times_against_a_fine_grid(seed):
    """Sampled every millisecond from a plain list of what held when."""
    rng = np.random.default_rng(seed)
    clock, now_s, spans = StationClock(1), 0.0, []
    busy, n_lines, due = False, 0, {}
    for step in range(60):
        gap_s = round(float(rng.uniform(0, 2)), 3)
        spans.append((now_s, now_s + gap_s, busy, n_lines, dict(due)))
        now_s += gap_s
        action = rng.integers(4)
        if action == 0:
            busy = not busy
            clock.set_busy(0, busy, now_s)
        elif action == 1:
            change = 1 if n_lines == 0 else int(rng.choice([-1, 1]))
            n_lines += change
            clock.add_lines(0, change, now_s)
        elif action == 2:
            due[step] = now_s + round(float(rng.uniform(0, 3)), 3)
            clock.expect(0, step, due[step])
        elif due:
            unit = min(due)
            del due[unit]
            clock.leave(0, unit, now_s)
    sampled = np.zeros(4)
    for start_s, end_s, is_busy, lines, etas in spans:
        for t in np.arange(round(start_s * 1000), round(end_s * 1000)) / 1000 + 0.0005:
            overdue = any(eta <= t for eta in etas.values())
            sampled[0 if is_busy else 3 if not lines else 2 if overdue else 1] += 0.001
    assert np.allclose(states(clock, now_s), sampled, atol=1e-6), f"seed {seed}"
    assert sum(states(clock, now_s)) == pytest.approx(now_s, abs=1e-9)

"""The fault table of the release protocol, first part: what happens to messages and to who sends.

One test per row. In each the oracle looks in every cycle, and in the end all orders are done, once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rig import N_UNITS, Rig, small_case

from fleet_control.backend import Condition
from fleet_control.events import EventKind
from fleet_control.link.courier import Courier
from fleet_control.supervision.roster import UnitStatus
from gridfleet.torture.case import Case
from gridfleet.torture.faults import KillPoint
from gridfleet.wiring.units import CYCLE_S
from twin import linked
from twin.link import Channel, Noise

HOUR_S = 3600.0
ROOT = Path(linked.__file__).resolve().parents[1]
CLOCKS = {"time", "datetime"}


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param(Noise(loss=0.5), id="lost"),
        pytest.param(Noise(duplicate=1.0), id="doubled"),
        pytest.param(Noise(reorder=0.5), id="reordered"),
        pytest.param(Noise(0.3, 0.3, 0.5, 0.3), id="all at once"),
    ],
)
def test_messages_lost_doubled_reordered(noise: Noise) -> None:
    """Orders, requests, states, jobs and lines; for the whole time, everywhere."""
    rig = Rig()
    rig.link.set_noise(noise)
    rig.finish()


def test_messages_delayed_for_minutes() -> None:
    """What is sent in ten seconds arrives minutes later, among what has been said since."""
    rig = Rig(small_case(orders_s=150.0))
    rig.run(20.0)
    rig.link.set_noise(Noise(delay_s=150.0))
    rig.run(10.0)
    rig.link.set_noise(Noise())
    n_late = sum(len(channel.in_flight()) for channel in (rig.link.orders, rig.link.states))
    assert n_late > 50
    rig.finish()


# Link down


@pytest.mark.parametrize("down_s", [1.0, 30.0, 600.0])
def test_link_down_of_a_unit(down_s: float) -> None:
    """Nothing new is released to it, and nothing that it holds is freed; the others go on."""
    rig = Rig(small_case(orders_s=120.0))
    rig.run(30.0)
    unit = rig.first(rig.between_cells)
    n_handled = rig.n_handled
    rig.link.set_down(True, unit)
    rig.run(0.4)  # what has arrived is taken in
    held, released = rig.held[unit], -1
    for _ in range(round(down_s / CYCLE_S)):
        rig.cycle()
        assert set(held) <= set(rig.held[unit])
        if rig.flags(unit) & Condition.STALE:
            released = released if released >= 0 else rig.released(unit)
            assert rig.released(unit) == released
    if down_s > 10:
        assert rig.status.units[unit].status is UnitStatus.LOST
        assert len(rig.cells_under(unit)) == 1, "the deadman's switch stops it on a cell"
        assert rig.n_handled > n_handled
    rig.link.set_down(False, unit)
    rig.finish()


@pytest.mark.parametrize("down_s", [1.0, 30.0, 600.0])
def test_link_down_of_all(down_s: float) -> None:
    """Everyone comes to a stand by itself, and goes on where it stopped."""
    rig = Rig()
    rig.run(25.0)
    rig.link.set_down(True)
    rig.run(down_s)
    if down_s > 10:
        assert all(state.status is UnitStatus.LOST for state in rig.status.units)
        assert all(rig.world.twin.is_standing(unit) for unit in range(N_UNITS))
    rig.link.set_down(False)
    rig.finish()


def test_link_flapping() -> None:
    """Up for a second, down for two, again and again; every unit at another moment."""
    rig = Rig()
    for second in range(150):
        for unit in range(N_UNITS):
            rig.link.set_down((second + unit) % 3 > 0, unit)
        rig.run(1.0)
    for unit in range(N_UNITS):
        rig.link.set_down(False, unit)
    rig.finish()


# The process of a unit is frozen


class Frozen:
    """The process of a unit stands still: it says nothing and hears nothing, and its drives go on
    to the end of what they were given. What is sent to it waits in its socket."""

    def __init__(self, rig: Rig, unit: int) -> None:
        self._rig, self._unit, link = rig, unit, rig.link
        self._channels = (link.orders, link.instants, link.hellos)
        for channel in self._channels:
            channel.carry = self._holding(channel, channel.carry)  # type: ignore[method-assign]
        carry = link.states.carry
        link.states.carry = lambda states, *rest: carry(  # type: ignore[method-assign]
            states[states["unit"] != unit], *rest
        )
        rig.agents.state["frame_s"][unit] = np.inf  # its deadman's switch does not run either

    def _holding(self, channel: Channel, carry: Callable) -> Callable:
        def hold(messages: np.ndarray, now_s: float, is_perfect: bool) -> np.ndarray:
            arriving = carry(messages, now_s, is_perfect)
            is_held = arriving["unit"] == self._unit
            channel._waiting = np.concatenate([channel._waiting, arriving[is_held]])
            channel._due_s = np.append(channel._due_s, np.full(is_held.sum(), np.inf))
            self._rig.link._is_empty = False
            return arriving[~is_held]

        return hold

    def go_on(self) -> int:
        """Returns how many orders wait for it."""
        n_orders = int(np.isinf(self._rig.link.orders._due_s).sum())
        for channel in self._channels:
            channel._due_s[np.isinf(channel._due_s)] = 0.0
        for channel in (*self._channels, self._rig.link.states):
            del channel.carry  # type: ignore[attr-defined]
        return n_orders


@pytest.mark.parametrize("is_replaced", [False, True], ids=["", "controller replaced"])
def test_process_of_a_unit_frozen_for_60_s(is_replaced: bool) -> None:
    """It drives to the end of its base and keeps it. Then all old orders arrive, behind the request
    to give them up, or from a controller that is no more: refused by their numbers."""
    rig = Rig(small_case(orders_s=150.0))
    rig.run(15.0)
    rig.link.set_noise(Noise(delay_s=0.5))
    unit = rig.first(lambda unit: rig.between_cells(unit) and rig.has_order_on_its_way(unit))
    frozen = Frozen(rig, unit)
    last = int(rig.agents.may_enter(unit)[-1])
    rig.link.set_noise(Noise())
    rig.run(30.0)
    if is_replaced:
        rig.kill(KillPoint.AFTER_SEND)
    rig.run(30.0)
    assert rig.cells_under(unit) == [last]
    assert last in rig.held[unit]
    assert rig.status.units[unit].status is UnitStatus.LOST
    assert frozen.go_on() > 1
    rig.finish()
    assert rig.happened(EventKind.GOES_ON, unit)


# The controller


@pytest.mark.parametrize("down_s", [0.0, 15.0])
@pytest.mark.parametrize("point", list(KillPoint))
def test_controller_killed(point: KillPoint, down_s: float) -> None:
    """While a unit lifts, while people work, in mid-edge; before and after it has noted down what
    it does, before and after it has sent that."""
    rig = Rig()
    rig.first(rig.is_lifting)
    rig.kill(point, down_s)
    rig.until(lambda: rig.n_handled > 2)
    rig.kill(point, down_s)
    rig.first(rig.between_cells)
    rig.kill(point, down_s)
    rig.cycle()
    rig.kill(point)  # and again while it has hardly begun
    rig.finish()


def test_two_controllers_started_by_mistake() -> None:
    """The first goes on sending what it wants; units and stations obey the later one alone."""
    rig = Rig()
    rig.run(20.0)
    backend, old = rig.world.backend, rig.brain.mind.controller
    courier = backend._courier
    rig.brain.recover(backend)
    n_sent = 0
    for _ in range(300):
        rig.cycle()
        courier.take(old.step(courier.news(rig.now_s)))
        post = courier.post(rig.now_s)
        n_sent += len(post.orders) + len(post.hellos)
        before = rig.agents.state.copy()
        backend._deliver((post.orders, post.instants, post.hellos, post.jobs, post.acks))
        assert (rig.agents.state == before).all(), "a unit has listened to the old controller"
    assert n_sent > 300
    assert (rig.agents.state["epoch"] == 2).all()
    lost = old.supervisor.roster.flags & Condition.LOST
    assert lost.all(), "the old controller knows that nobody listens to it"
    rig.finish()


# Clocks


class ShiftedCourier(Courier):
    """A courier whose clock is not that of the units and stations."""

    shift_s = 0.0

    def hear(self, now_s: float, *messages: np.ndarray) -> None:
        super().hear(now_s + self.shift_s, *messages)

    def post(self, now_s: float):
        return super().post(now_s + self.shift_s)

    def news(self, time_s: float):
        return super().news(time_s + self.shift_s)

    def fleet_state(self, time_s: float, pod_cells: np.ndarray):
        return super().fleet_state(time_s + self.shift_s, pod_cells)


def orders_later(case: Case, shift_s: float) -> Case:
    later = replace(case.orders, placed_s=case.orders.placed_s + shift_s)
    return replace(case, orders=later)


@pytest.fixture(params=[HOUR_S, -HOUR_S])
def rigs_apart(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[Rig]:
    """A rig whose clocks agree, and one in which the clock of the controller's side is an hour
    before or behind that of units and stations."""
    rigs = []
    for shift_s in (0.0, request.param):
        courier = type("Shifted", (ShiftedCourier,), {"shift_s": shift_s})
        monkeypatch.setattr(linked, "Courier", courier)
        rigs.append(Rig(orders_later(small_case(), shift_s)))
    return rigs


def test_clocks_an_hour_apart(rigs_apart: list[Rig]) -> None:
    """Not one event is another than with clocks that agree, but for rounding."""
    for rig in rigs_apart:
        rig.finish()
    expected, found = (rig.brain.mind.log.columns() for rig in rigs_apart)
    for name in ("kind", "unit", "task", "pod", "station", "order", "line", "cell"):
        assert (found[name] == expected[name]).all(), name
    shifts_s = found["time_s"] - expected["time_s"]
    assert abs(shifts_s) == pytest.approx(np.full(len(shifts_s), HOUR_S))
    is_of_order = expected["kind"] == EventKind.ORDER_DONE
    assert found["value"][is_of_order] == pytest.approx(expected["value"][is_of_order])


def test_clocks_an_hour_apart_and_silence(rigs_apart: list[Rig]) -> None:
    """How long somebody has been silent is measured by one clock alone."""
    for rig in rigs_apart:
        rig.run(20.0)
        rig.link.set_down(True, 1)
        rig.run(9.0)
        assert rig.status.units[1].status is UnitStatus.STALE
        rig.run(3.0)
        assert rig.status.units[1].status is UnitStatus.LOST
        rig.link.set_down(False, 1)
        rig.run(1.0)
        assert not rig.flags(1) & (Condition.STALE | Condition.LOST)
        rig.finish()


def test_nobody_on_the_units_side_reads_a_clock() -> None:
    """As fleet_control does not (test_architecture): time is what the twin says."""
    for module in ("agents", "agent_kernels", "link", "linked", "terminals", "people"):
        source = (ROOT / "twin" / f"{module}.py").read_text("utf-8")
        assert not CLOCKS & {name for line in source.splitlines() for name in imported(line)}


def imported(line: str) -> list[str]:
    words = line.replace(".", " ").split()
    return words[1:2] if words[:1] in (["import"], ["from"]) else []

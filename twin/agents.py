"""The units' end of the link, for all units of a twin at once.

An agent is what runs on a drive unit: it takes orders or refuses them, passes steps to the drives,
obeys requests, stops when it hears nothing, and forgets when it is switched off. What it refuses,
and why, is said in `twin.agent_kernels`. The rest happens rarely and is done here, unit by unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Condition, FaultCode, Outlook, Releases, Request
from fleet_control.link.messages import DEADMAN_S, RING, STATE, TELL_S
from twin.agent_kernels import (
    hear_hellos,
    hear_orders,
    take_steps,
    tell_states,
    watch_silence,
)
from twin.causes import Cause
from twin.floor.step_kernels import ACTING
from twin.floor.twin import Twin

Messages = NDArray[np.void]
AGENT = np.dtype(
    [
        ("seq", np.int64),
        ("order", np.int64),
        ("tombstone", np.int64),
        ("wish", np.int64),
        ("retried", np.int64),
        ("frame_s", np.float64),  # when it heard its controller last
        ("told_s", np.float64),
        ("starts_s", np.float64),  # it knows where it is from then on
        ("session", np.int32),
        ("epoch", np.int32),
        ("offset", np.int32),  # its own step numbers less those of the order
        ("base", np.int32),  # last step that it may do, in its own numbers
        ("ahead_step", np.int32),
        ("ahead_cell", np.int32),
        ("flags", np.int8),
        ("is_off", np.int8),
        ("is_held", np.int8),  # by the deadman's switch: the drives have no steps beyond a stop
        ("is_cancelled", np.int8),
        ("stands", np.int8),
        ("has_forgotten", np.int8),
        ("is_fresh", np.int8),  # has news
    ],
    align=True,
)


class Agents:
    """One agent per unit of the twin. have_steps: whether `steps` may have something new."""

    def __init__(self, twin: Twin) -> None:
        n_units = len(twin.units)
        self._twin = twin
        self.state = np.zeros(n_units, dtype=AGENT)
        self.state["session"] = 1
        self.state["frame_s"] = twin.time_s
        self.state["told_s"] = self.state["starts_s"] = -np.inf
        self.state["base"] = self.state["offset"] = twin.units["released"]
        self._cells = np.full((n_units, RING), -1, dtype=np.int32)
        self._acts = np.zeros((n_units, RING), dtype=np.int8)
        self._speeds = np.full((n_units, RING), np.inf, dtype=np.float32)
        self._told = np.zeros(n_units, dtype=STATE)
        self._states = np.zeros(n_units, dtype=STATE)
        self._factors = np.ones((n_units, len(Cause)))
        self._stopping: list[int] = []
        self.have_steps = False
        self._rows = np.empty((3, n_units * RING), dtype=np.int32)
        self._row_acts = np.empty(n_units * RING, dtype=np.int8)
        self._row_speeds = np.empty(n_units * RING, dtype=np.float32)
        self._hints = np.empty((3, n_units), dtype=np.int32)
        self._turned = np.empty(n_units, dtype=np.int32)
        self._woken = np.empty(n_units, dtype=np.int32)

    def hear(self, orders: Messages, instants: Messages, hellos: Messages) -> None:
        """Take in what came over the link."""
        now_s, twin = self._twin.time_s, self._twin
        if len(hellos):
            hear_hellos(hellos, now_s, self.state)
        for instant in instants:
            self._obey(instant)
        if len(orders):
            self.have_steps = True
            if len(orders) > len(self._woken):
                self._woken = np.empty(2 * len(orders), dtype=np.int32)
            n_woken = hear_orders(
                orders, now_s, self.state, twin.units, twin.step_cells, self._cells, self._acts,
                self._speeds, self._woken,
            )  # fmt: skip
            for unit in self._woken[:n_woken].tolist():
                self._hinder(unit, Cause.FORGOTTEN, 1.0)

    def steps(self) -> tuple[Releases, Outlook]:
        """What units may do now and their drives do not know of yet, for the twin."""
        self.have_steps = False
        n_rows, n_hints, is_limited = take_steps(
            self.state, self._cells, self._acts, self._speeds, self._twin.units, self._rows,
            self._row_acts, self._row_speeds, self._hints,
        )  # fmt: skip
        rows, hints = self._rows[:, :n_rows], self._hints[:, :n_hints]
        speeds = self._row_speeds[:n_rows] if is_limited else None
        acts = self._row_acts[:n_rows]
        return Releases(rows[0], rows[1], rows[2], acts, speeds), Outlook(*hints)

    def _obey(self, instant: np.void) -> None:
        unit, number = int(instant["unit"]), int(instant["number"])
        agent = self.state[unit]
        # For the same reasons as with orders: another life, or a replaced controller.
        if agent["is_off"] or instant["session"] != agent["session"]:
            return
        if instant["epoch"] < agent["epoch"]:
            return
        agent["epoch"], agent["frame_s"] = instant["epoch"], self._twin.time_s
        agent["is_fresh"] = 1  # the state is the echo
        request = Request(int(instant["request"]))
        if request is Request.CANCEL:
            self._give_up(unit, number)
        elif request is Request.RETRY:
            if number > agent["retried"]:
                agent["retried"] = number
                self._twin.retry(unit)
        elif number > agent["wish"]:  # else overtaken by a later one
            agent["wish"] = number
            self._pause(unit, request is Request.PAUSE)

    def _pause(self, unit: int, is_asked: bool) -> None:
        self._hinder(unit, Cause.ASKED, 0.0 if is_asked else 1.0)
        if is_asked:
            self._await_stop(unit)
        else:
            self._set_flag(unit, Condition.PAUSED, False)

    def _give_up(self, unit: int, order: int) -> None:
        """Drop what is left of the order; if it has not come yet, it will not be taken later."""
        agent = self.state[unit]
        if order < agent["order"]:
            return
        agent["tombstone"] = max(agent["tombstone"], order)
        if order == agent["order"] and not agent["is_cancelled"]:
            agent["is_cancelled"] = 1
            agent["base"] = self._twin.stop_short(unit)
            self._await_stop(unit)

    def _await_stop(self, unit: int) -> None:
        if unit not in self._stopping:
            self._stopping.append(unit)

    def tick(self) -> None:
        """Notice silence and stops."""
        n_turned = watch_silence(self._twin.time_s, DEADMAN_S, self.state, self._turned)
        self.have_steps |= n_turned > 0
        for unit in self._turned[:n_turned].tolist():
            # Nobody watches over it: stop at the next centre. What it may do it still may, and
            # goes on as soon as the controller is heard again.
            if self.state["is_held"][unit]:
                self._twin.stop_short(unit)
        if self._stopping:
            self._stopping = [unit for unit in self._stopping if not self._note_stop(unit)]

    def _note_stop(self, unit: int) -> bool:
        """Say what is so once the unit stands. True where there is nothing left to wait for."""
        agent, is_asked = self.state[unit], self._factors[unit, Cause.ASKED] == 0.0
        if not (agent["is_cancelled"] or is_asked):
            return True
        if not self._twin.is_standing(unit):
            return False
        if is_asked:
            self._set_flag(unit, Condition.PAUSED, True)
        if agent["is_cancelled"]:
            record = self._twin.units[unit]
            if record["mode"] == ACTING:
                return False  # halted in the middle of a lift: it will finish, and then has done it
            if record["done"] < record["released"] and record["factor"] and not record["fault"]:
                return False  # it is about to go on to where it can stop
            # Asked again: a pause may have stopped it earlier, or its act have failed.
            agent["base"] = self._twin.stop_short(unit)
            agent["stands"] = 1
        agent["is_fresh"] = 1
        return True

    def tell(self) -> Messages:
        """States to send now."""
        twin = self._twin
        n_states = tell_states(
            twin.time_s, TELL_S, self.state, twin.units, twin.step_cells, self._told, self._states
        )
        return self._states[:n_states]

    def _hinder(self, unit: int, cause: Cause, factor: float) -> None:
        """The unit drives, for that cause, with this share of its speed; 1 none."""
        self._factors[unit, cause] = factor
        self._twin.set_speed_factor(unit, float(self._factors[unit].min()))

    def _set_flag(self, unit: int, flag: Condition, is_set: bool) -> None:
        flags = int(self.state["flags"][unit])
        self.state["flags"][unit] = flags | flag if is_set else flags & ~flag

    def reboot(self, unit: int, start_s: float) -> None:
        """Switch the unit off and on: it stands, forgets its steps, and needs `start_s` seconds
        until it knows where it is. One that is off the floor is off already."""
        if self.state["is_off"][unit]:
            return
        self._begin_session(unit, self._twin.forget(unit), start_s)

    def _begin_session(self, unit: int, kept: int, start_s: float) -> None:
        agent, now_s = self.state[unit], self._twin.time_s
        session = int(agent["session"]) + 1
        flags = int(agent["flags"]) & Condition.LOW_BATTERY
        self.state[unit] = np.zeros((), dtype=AGENT)
        agent["session"], agent["flags"], agent["base"] = session, flags, kept
        agent["frame_s"], agent["told_s"], agent["starts_s"] = now_s, -np.inf, now_s + start_s
        agent["has_forgotten"] = agent["is_fresh"] = 1
        self._hinder(unit, Cause.ASKED, 1.0)
        self._hinder(unit, Cause.FORGOTTEN, 0.0)

    def take_off(self, unit: int) -> None:
        """Carry the unit off the floor: it is silent and its cells are empty."""
        self.state["is_off"][unit] = 1
        self._twin.take_off(unit)

    def put_on(self, unit: int, cell: int, heading: int, start_s: float = 0.0) -> None:
        """Put the unit down on a cell and switch it on."""
        self._twin.put_on(unit, cell, heading)
        self._begin_session(unit, int(self._twin.units["released"][unit]), start_s)

    def set_stopped(self, unit: int, is_stopped: bool) -> None:
        """The unit stands for a reason of its own, and goes on later."""
        self._hinder(unit, Cause.STOP, 0.0 if is_stopped else 1.0)

    def set_slow(self, unit: int, factor: float) -> None:
        """The unit can use this share of its speed; 1 all of it."""
        self._hinder(unit, Cause.SLOW, factor)

    def set_low_battery(self, unit: int, is_low: bool) -> None:
        self._set_flag(unit, Condition.LOW_BATTERY, is_low)

    def lose_place(self, unit: int) -> None:
        """The unit does not know where it is: it stands until `find_place`."""
        self._twin.set_fault(unit, FaultCode.LOST_PLACE)

    def find_place(self, unit: int) -> None:
        self._twin.clear_fault(unit)

    def break_down(self, unit: int) -> None:
        """The unit stands for good, wherever it comes to a stand, until `repair`."""
        self._twin.set_fault(unit, FaultCode.BROKEN)

    def repair(self, unit: int) -> None:
        self._twin.clear_fault(unit)

    def bases(self) -> NDArray[np.int32]:
        """int32[n_units], last step each may do, as its order counts; -1 without an order."""
        numbers = self.state["base"] - self.state["offset"]
        has_order = (self.state["order"] > 0) & (self.state["is_off"] == 0)
        return np.where(has_order, numbers, -1).astype(np.int32)

    def may_enter(self, unit: int) -> list[int]:
        """Cells of all steps that the unit may still do."""
        if self.state["is_off"][unit]:
            return []
        done, released = (int(self._twin.units[name][unit]) for name in ("done", "released"))
        near = self._twin.step_cells[unit, np.arange(done + 1, released + 1) % RING]
        far = self._cells[unit, np.arange(released + 1, self.state["base"][unit] + 1) % RING]
        return [*near.tolist(), *far.tolist()]

    def could_take(self, orders: Messages) -> list[tuple[int, list[int]]]:
        """Of orders on their way, those that their unit may yet take: unit and cells to enter."""
        found = []
        for order in orders:
            unit, agent = int(order["unit"]), self.state[int(order["unit"])]
            if agent["is_off"] or order["session"] != agent["session"]:
                continue
            if order["epoch"] < agent["epoch"]:
                continue
            if order["order"] <= agent["tombstone"] or order["order"] < agent["order"]:
                continue
            is_same = order["order"] == agent["order"]
            first = int(agent["base"] - agent["offset"] if is_same else order["stand"]) + 1
            cells = order["cells"][np.arange(first, order["last"] + 1) % RING].tolist()
            if cells:
                found.append((unit, cells))
        return found

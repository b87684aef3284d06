"""A vehicle behind the broker as the motors of a drive agent.

The agent (hw_bridge.agent) keeps all rules of the release protocol for the vehicle: sessions,
epochs, tombstones, where an order may begin. What is left is here: to put moves into orders that
any vehicle understands, and to say nothing of the vehicle that a message on its way can make
untrue. What was sent counts as what it may do, until a fence (hw_bridge.mqtt.fence) has come down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hw_bridge.agent.motors import Mode, Move, Senses, Trouble
from hw_bridge.mqtt.abilities import Abilities
from hw_bridge.mqtt.fence import QUIET_S, Fence
from hw_bridge.mqtt.floor import Floor
from hw_bridge.mqtt.instants import Asks
from hw_bridge.mqtt.ordering import Header, Ordering
from hw_bridge.mqtt.pausing import VehiclePause
from hw_bridge.mqtt.progress import DriverOptions, Progress
from hw_bridge.mqtt.route import Route
from hw_bridge.mqtt.troubles import order_complaints, trouble_of, why_failed
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import ActionStatus
from hw_bridge.vda5050.order import InstantActions, Order
from hw_bridge.vda5050.state import EmergencyStop, OperatingMode, State

RESEND_S = 1.0
REFUSED_S = 5.0
"""An order that has not been taken after this time is cancelled and put anew."""


@dataclass(slots=True)
class Mail:
    """What is to be published."""

    orders: list[Order] = field(default_factory=list)
    instants: list[InstantActions] = field(default_factory=list)


class VehicleDriver:
    """Motors of one vehicle. life: differs from one start of the gateway to another. header: of a
    message to the vehicle, by topic."""

    def __init__(
        self, floor: Floor, options: DriverOptions, life: int, header: Header, now_s: float
    ) -> None:
        self._header = header
        self.abilities = Abilities()
        self.progress = Progress(floor, options)
        self._ordering = Ordering(self.progress, options, life, header)
        self._asks = Asks(life)
        self.pause = VehiclePause(self._asks)
        self._now_s = now_s
        self._n_refused = 0
        self._route: Route | None = None
        self._ordered_s = now_s  # a gateway before this one may have sent something just now
        self._state: State | None = None
        self._failed: Trouble | None = None
        self._is_held = self._is_closing_in = False
        self._dropped_lift = 0
        self._fence: Fence | None = None
        self._has_to_forget = True
        self._notes: tuple[str, ...] = ()

    # As motors.

    def extend(self, moves: Sequence[Move]) -> None:
        self._is_closing_in = False
        if self._fence is not None:
            self._fence.rests = False  # they come after what it was to do at least
        self.progress.add(moves)

    def stop_short(self) -> int:
        progress = self.progress
        if self._is_under_way():
            progress.keep_until(self._route.last_move if self._route is not None else 0)
            self._raise_fence(rests=True)
        else:
            progress.keep_until(progress.n_done + int(self._is_between()))
            self._failed, self._dropped_lift = None, 0
        return progress.last

    def hold(self, is_held: bool) -> None:
        self._is_held = is_held

    def retry(self) -> None:
        self._failed, self._n_refused = None, 0
        route = self._route
        if route is None or route.action_status is not ActionStatus.RETRIABLE:
            return
        action = route.stops[-1].action
        if names.RETRY in self.abilities.skills and action is not None:
            self._asks.new(names.RETRY, self._now_s, actionId=action.action_id)
        else:
            self._raise_fence()

    def look_ahead(self, x_m: float, y_m: float) -> None:
        """Vehicles of other makers do not turn on a hint."""

    def sense(self) -> Senses:
        state = self._state
        if state is None:
            return Senses(0.0, 0.0, 0.0, 0, 0, is_moving=True, is_between=False, mode=Mode.STARTUP)
        pose, mode = state.mobile_robot_position, _mode(state)
        here, beyond = self.progress.standing(state)
        if self.is_forgetting:
            # Nothing is said of a vehicle that an old order may still move.
            here, beyond, mode = None, None, Mode.STARTUP if mode is Mode.AUTOMATIC else mode
        return Senses(
            x_m=pose.x if pose is not None else here.x_m if here is not None else 0.0,
            y_m=pose.y if pose is not None else here.y_m if here is not None else 0.0,
            yaw_rad=pose.theta if pose is not None else 0.0,
            n_done=self.progress.n_done,
            n_left=self.progress.n_done,
            is_moving=self._is_moving(state),
            is_between=beyond is not None or here is None,
            is_localised=pose is None or pose.localized or mode is not Mode.AUTOMATIC,
            node=here.node if here is not None else "",
            beyond=beyond.node if beyond is not None else "",
            load=self.progress.load(state),
            trouble=self._trouble(state) if mode is Mode.AUTOMATIC else None,
            mode=mode,
            charge=state.power_supply.state_of_charge / 100.0,
            is_charging=state.power_supply.charging,
            is_emergency_stopped=state.safety_state.active_emergency_stop is not EmergencyStop.NONE,
            is_field_violated=state.safety_state.field_violation,
            notes=self._notes,
        )

    @property
    def is_forgetting(self) -> bool:
        """Whether an old order may still move the vehicle."""
        return self._has_to_forget or (self._fence is not None and self._fence.forgets)

    def _is_between(self) -> bool:
        """Whether it covers two cells, and the next move leads to the second."""
        if self._state is None or self.progress.next_place() is None:
            return False
        return self.progress.standing(self._state)[1] is not None

    def _is_moving(self, state: State) -> bool:
        """Whether it may be at another place soon, as far as its messages tell."""
        if state.driving or self._fence is not None:
            return True
        if self._is_closing_in and not (self._is_held or self._is_hindered(state)):
            return self.progress.n_done < self.progress.last
        route = self._route
        if route is None or route.is_over:
            return False
        if route.action_status in (ActionStatus.INITIALIZING, ActionStatus.RUNNING):
            return True
        return self._is_held and not self.pause.is_paused(state)

    def _is_hindered(self, state: State) -> bool:
        """Whether it will not go on by itself."""
        safety = state.safety_state
        is_stopped = safety.active_emergency_stop is not EmergencyStop.NONE
        return is_stopped or safety.field_violation or self._trouble(state) is not None

    def _trouble(self, state: State) -> Trouble | None:
        if self._failed is not None:
            return self._failed
        if self._route is not None and self._route.action_status is ActionStatus.RETRIABLE:
            return Trouble.LIFT_FAILED
        if self._dropped_lift == self.progress.n_done + 1:
            return Trouble.LIFT_FAILED  # cancelled before it began: nobody is to wait for it
        return Trouble.BROKEN if self._n_refused > 1 else trouble_of(state)

    def _is_under_way(self) -> bool:
        """Whether the vehicle may still do something that it was told."""
        return self._fence is not None or (self._route is not None and not self._route.is_over)

    # What the vehicle says.

    def hear(self, state: State, now_s: float) -> None:
        """Take in a state."""
        self._now_s, self._state = now_s, state
        self._asks.hear(state)
        route = self._route
        if _mode(state) is not Mode.AUTOMATIC:
            self._has_to_forget = True  # who drives by hand may have ended its order, or not
        elif self._is_forgetful(state) or self.progress.is_carried_away(route, state):
            self._has_to_forget = True
        elif route is not None and state.order_id == route.order_id:
            self._follow(route, state)

    def _is_forgetful(self, state: State) -> bool:
        """Whether an order that it had is not there any more."""
        route = self._route
        if route is None or route.confirmed < 0 or self._fence is not None:
            return False
        if state.order_id != route.order_id or state.order_update_id < route.confirmed:
            return True
        index = state.last_node_sequence_id // 2
        is_empty = not state.node_states and not state.edge_states
        is_short = state.order_update_id == route.update and index < len(route.stops) - 1
        return index < route.reached or (is_empty and is_short)

    def _follow(self, route: Route, state: State) -> None:
        self.progress.follow(route, state)
        if route.is_confirmed:
            self._n_refused = 0
        has_failed = route.is_over and route.action_status is ActionStatus.FAILED
        if has_failed and not route.has_failed and self._fence is None:
            route.has_failed = True
            self._failed = why_failed(state, route.stops[-1].action)

    # What it is told.

    def work(self, now_s: float) -> Mail:
        """What has to be sent to the vehicle now."""
        self._now_s = now_s
        mail, state = Mail(), self._state
        if state is not None and _mode(state) is Mode.AUTOMATIC:
            if self._has_to_forget:
                self._raise_fence(forgets=True)
                self._has_to_forget = False
            if self._fence is not None:
                is_sure = self._route is None or self._route.is_confirmed
                if self._fence.is_down(state, self._asks, self._ordered_s, is_sure, now_s):
                    self._go_on(self._fence, state)
            else:
                is_wanted = self._is_held and self._is_under_way()
                self.pause.watch(state, self.abilities, is_wanted, now_s)
                self._drive(mail, state, now_s)
        due = self._asks.due(now_s)
        if due:
            header = self._header("instantActions")
            mail.instants.append(InstantActions(**header, actions=tuple(due)))
        return mail

    def _raise_fence(self, rests: bool = False, forgets: bool = False) -> None:
        if self._fence is None:
            self._fence = Fence()
        self._fence.rests |= rests
        if forgets:
            self._fence.forget(self._ordered_s, self._asks)

    def _go_on(self, fence: Fence, state: State) -> None:
        """The vehicle stands, and no order can reach it any more but those sent from now on."""
        progress, route = self.progress, self._route
        if route is not None and state.order_id == route.order_id and not fence.forgets:
            self._follow(route, state)
        self._fence = self._route = None
        if fence.forgets:
            progress.forget(state)
            self._failed, self._is_closing_in, self._dropped_lift = None, False, 0
        elif fence.rests:
            # One that stands between two cells finishes that drive, and covers one cell then.
            self._is_closing_in = self._is_between()
            kept = progress.n_done + int(self._is_closing_in)
            self._dropped_lift = kept + 1 if progress.is_lift(kept + 1) else 0
            progress.keep_until(kept)

    def _drive(self, mail: Mail, state: State, now_s: float) -> None:
        route = self._route
        if route is not None and not route.is_confirmed:
            if now_s - route.began_s > REFUSED_S:
                self._n_refused += 1
                self._notes = order_complaints(state) or ("it does not take orders",)
                self._raise_fence()
            elif now_s - route.sent_s >= RESEND_S:
                self._post(mail, route, now_s)
            return
        pause_s = self.abilities.order_interval_s
        if route is not None and route.is_over and route.n_sent > 1:
            pause_s = max(pause_s, QUIET_S)  # copies of it may still come, and begin it anew
        is_early = now_s - self._ordered_s < pause_s
        if self._is_held or self._failed is not None or is_early:
            return
        if route is not None and not route.is_over:
            if not route.is_closed and route.last_move < self.progress.last:
                self._post(mail, self._ordering.lengthen(route, self.abilities, now_s), now_s)
        elif self.progress.n_done < self.progress.last:
            self._post(mail, self._ordering.begin(state, self.abilities, now_s), now_s)

    def _post(self, mail: Mail, route: Route | None, now_s: float) -> None:
        """Put an order out, where there is one."""
        if self._ordering.unable and self.progress.is_lift(self.progress.n_done + 1):
            self._failed, self._notes = Trouble.LIFT_FAILED, (self._ordering.unable,)
        if route is not None:
            self._route, self._ordered_s = route, now_s
            mail.orders.append(self._ordering.message(route, self.abilities, now_s))


def _mode(state: State) -> Mode:
    """INTERVENED is by hand too: what the vehicle does then is not what it was told."""
    mode = state.operating_mode
    if mode in (OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC):
        return Mode.AUTOMATIC
    if mode is OperatingMode.STARTUP:
        return Mode.STARTUP
    return Mode.SERVICE if mode is OperatingMode.SERVICE else Mode.MANUAL

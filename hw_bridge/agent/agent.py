"""The drive agent: takes orders over the link, drives motors by them, and says how it is.

It does no input or output and reads no clock: `hear` takes what has come, `tick` returns what is to
be sent. The rules, and what goes wrong without each, are in docs/decisions/0005-the-link.md.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hw_bridge.agent.acceptance import Judge, Verdict, header_faults
from hw_bridge.agent.complaints import INVALID_INSTANT_ACTION, Complaints
from hw_bridge.agent.drive import Drive
from hw_bridge.agent.factsheet import factsheet
from hw_bridge.agent.held import HeldOrder
from hw_bridge.agent.instants import Instants
from hw_bridge.agent.memory import Memory
from hw_bridge.agent.motors import Mode, Motors, Senses
from hw_bridge.agent.options import AgentOptions, Identity, Outgoing
from hw_bridge.agent.pause import Pausing
from hw_bridge.agent.refusal import Refusal, Why
from hw_bridge.agent.report import Headers, news_of, state_of
from hw_bridge.agent.tasks import follow_moves, give_up, work
from hw_bridge.agent.whereabouts import Whereabouts
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import Action, ActionStatus
from hw_bridge.vda5050.base import MessageError, decode, encode
from hw_bridge.vda5050.names import order_named
from hw_bridge.vda5050.order import InstantActions, Order
from hw_bridge.vda5050.state import Connection, ConnectionState, OperatingMode
from hw_bridge.wire.frames import MAX_MESSAGE_BYTES, Link, Topic

ROUNDING_S = 1e-9


class DriveAgent:
    """One unit, from one switching on to the next.

    session, epoch, tombstone: see hw_bridge.wire.frames. order: in hand, or done last. refused:
    messages that counted for nothing, by reason.
    """

    def __init__(
        self, identity: Identity, motors: Motors, memory: Memory, options: AgentOptions,
        now_s: float,
    ) -> None:  # fmt: skip
        self.identity, self.options = identity, options
        self.refused: Counter[str] = Counter()
        self.epoch, self.tombstone = memory.load()
        self._motors, self._memory, self._drive = motors, memory, Drive(motors)
        self._tools = {tool.action_type: tool for tool in options.tools}
        self._judge = Judge(identity, options)
        self._headers = Headers(identity, options.wall_zero_s)
        self._heard_s, self._heard_ns = now_s, 0
        self._begin_session()

    def _begin_session(self) -> None:
        """Nothing that was sent before counts, and the unit stands where it stands."""
        self.session = self._memory.boot()
        self.order: HeldOrder | None = None
        self._seq = 0
        self._latest = b""
        self._complaints = Complaints()
        obeyed = {
            names.CANCEL_ORDER: self._cancel,
            names.START_PAUSE: self._pause,
            names.STOP_PAUSE: self._pause,
            names.RETRY: self._retry,
            names.STATE_REQUEST: self._note_done,
            names.FACTSHEET_REQUEST: self._ask_factsheet,
        }
        self._instants = Instants(obeyed, self._tools, self._complaints, self.options.max_instants)
        self._pausing = Pausing(self._instants)
        self._cancelling: Action | None = None
        self._is_silent = self._was_away = self._wants_factsheet = False
        self._has_forgotten = self._is_fresh = True
        self._told: tuple[object, ...] = ()
        self._told_s = -1e9
        self._drive.stop_short()

    # What comes over the link.

    def hear(self, topic: Topic, link: Link, payload: bytes, now_s: float) -> None:
        """Take in a message. What is wrong with it is counted and told, never raised."""
        if len(payload) > MAX_MESSAGE_BYTES:
            self.refused["oversized"] += 1
            return
        # Meant for another life of this unit: it may stand elsewhere by now.
        if link.session != self.session and (topic is not Topic.HELLO or link.session):
            self.refused["session"] += 1
            return
        # Sent by a controller that has been replaced; the new one does not know of it.
        if link.epoch < self.epoch:
            self.refused["epoch"] += 1
            return
        if link.epoch > self.epoch:
            self.epoch, self._is_fresh = link.epoch, True
            self._memory.save(self.epoch, self.tombstone)
        self._heard_s, self._heard_ns = now_s, link.sent_ns
        if topic is Topic.ORDER:
            self._hear_order(link, payload)
        elif topic is Topic.INSTANT_ACTIONS:
            self._hear_instants(payload, now_s)
        elif topic is not Topic.HELLO:
            self.refused["topic"] += 1

    def _hear_order(self, link: Link, payload: bytes) -> None:
        self._is_fresh = True  # the state is the echo
        if payload == self._latest and self.order is not None and not self.order.is_cancelled:
            return
        try:
            order = decode(Order, payload)
        except MessageError as error:
            self._refuse(Refusal(Why.VALIDATION_FAILURE, str(error)), {"topic": "order"})
            return
        senses = self._motors.sense()
        self._watch_mode(senses)
        if self.order is not None:
            self._note_progress(self.order, senses)
        where = self._where(senses)
        verdict = self._judge.verdict(order, link.anew, where, self.tombstone)
        if isinstance(verdict, Refusal):
            references = {
                "orderId": order.order_id,
                "orderUpdateId": str(order.order_update_id),
                "headerId": str(order.header_id),
            }
            self._refuse(verdict, references)
        elif verdict is not Verdict.IGNORE:
            self._take(order, payload, senses, is_new=verdict is Verdict.BEGIN)

    def _refuse(self, refusal: Refusal, references: dict[str, str]) -> None:
        self.refused[refusal.why] += 1
        self._complaints.refuse(refusal, references)

    def _take(self, order: Order, payload: bytes, senses: Senses, is_new: bool) -> None:
        self._complaints.forget_orders()
        self._latest = payload
        name = order_named(order.order_id)
        if is_new and name is not None:
            self.order = HeldOrder(order, name, senses.n_done)
            if self._has_forgotten and senses.is_between:
                # Whatever comes, a cancelling too: it covers two cells until it has done this.
                self._drive.give(self.order, senses)
            self._has_forgotten = False
        elif self.order is not None:
            self.order.extend(order)

    def _hear_instants(self, payload: bytes, now_s: float) -> None:
        self._is_fresh = True
        try:
            message = decode(InstantActions, payload)
        except MessageError as error:
            self.refused[INVALID_INSTANT_ACTION] += 1
            self._complaints.refuse_instant(INVALID_INSTANT_ACTION, str(error), "")
            return
        fault = "; ".join(header_faults(message, self.identity))
        for action in message.actions:
            self._instants.take(action, fault, now_s)

    def _note_done(self, action: Action) -> None:
        self._instants.finish(action)

    def _ask_factsheet(self, action: Action) -> None:
        self._wants_factsheet = True
        self._instants.finish(action)

    def _retry(self, action: Action) -> None:
        if not self._instants.is_overtaken(action, names.RETRY):
            self._motors.retry()
        self._instants.finish(action)

    def _pause(self, action: Action) -> None:
        self._pausing.take(action)

    def _cancel(self, action: Action) -> None:
        """Drop what is left of the order; if it has not come yet, it will not be taken later."""
        order = self.order
        wanted = str(action.parameter("orderId", order.order_id if order is not None else ""))
        named, mine = order_named(wanted), order.name.number if order is not None else 0
        if named is not None and named.number >= max(mine, self.tombstone + 1):
            self.tombstone = named.number
            self._memory.save(self.epoch, self.tombstone)
        is_active = False
        if order is not None and named is not None and named.number == mine:
            is_active = not order.is_cancelled and not order.is_idle(self._motors.sense().n_done)
            if not order.is_cancelled:
                order.is_cancelled = True
                self._cut(order)
        if is_active:
            self._cancelling = action
            self._instants.note(action, ActionStatus.RUNNING)
        else:
            text = f"order {wanted} is not active"
            self._instants.note(action, ActionStatus.FAILED, text)
            self._complaints.refuse_instant(names.NO_ORDER_TO_CANCEL, text, action.action_id)

    def _cut(self, order: HeldOrder) -> None:
        kept = self._drive.stop_short()
        give_up(order.tasks, kept, self._tools)
        order.cut(kept)

    def _where(self, senses: Senses) -> Whereabouts:
        return Whereabouts(senses, self.order, self._drive.given, self._has_forgotten)

    # What happens by itself.

    def tick(self, now_s: float) -> list[Outgoing]:
        """Notice what has changed, and say it. Call it after `hear`, when the motors may have got
        on, and every 50 to 100 ms."""
        senses = self._motors.sense()
        self._watch_mode(senses)
        self._watch_silence(now_s)
        is_unsure = self._has_forgotten and senses.is_between
        if self._drive.hold(self._pausing.is_asked or is_unsure):
            senses = self._motors.sense()
        self._pausing.watch(senses)
        if self._instants.is_busy:
            self._instants.work(now_s)
        if self.order is not None:
            senses = self._follow(self.order, senses, now_s)
        return self._say(senses, now_s)

    def _follow(self, order: HeldOrder, senses: Senses, now_s: float) -> Senses:
        self._note_progress(order, senses)
        if order.tasks:
            work(order.tasks, order.last, self._tools, now_s)
        if order.is_cancelled:
            if not order.stands and self._drive.is_at_rest(order, senses, now_s):
                self._settle(order)
                senses = self._motors.sense()
        elif not self._is_silent and self._drive.give(order, senses):
            senses = self._motors.sense()
            self._note_progress(order, senses)
        return senses

    def _note_progress(self, order: HeldOrder, senses: Senses) -> None:
        if order.tasks:
            follow_moves(order.tasks, senses, self._drive.given, self._pausing.is_paused)
        order.advance(senses.n_done, self._drive.given)

    def _settle(self, order: HeldOrder) -> None:
        """Say what is left of a cancelled order now that the unit stands."""
        # Asked again: a pause may have stopped it earlier, or its lift have failed.
        self._cut(order)
        order.stands = self._is_fresh = True
        if self._cancelling is not None:
            self._instants.finish(self._cancelling)
            self._cancelling = None

    def _watch_mode(self, senses: Senses) -> None:
        """A person who takes over ends the order, and with it the session: what the unit did and
        was told before counts no more when it is back, wherever that is. Told under the old one,
        "no order" would be taken for an order that never came, and its cells for free."""
        if senses.mode is Mode.AUTOMATIC:
            if self._was_away:
                self._was_away, self._is_fresh = False, True
                self._drive.stop_short()
            if self._where(senses).mode is OperatingMode.AUTOMATIC:
                self._complaints.forget(Why.MOBILE_ROBOT_NOT_AVAILABLE)
        elif not self._was_away and (senses.mode is not Mode.STARTUP or self.order is not None):
            if self.order is not None:
                give_up(self.order.tasks, 0, self._tools)
            self._begin_session()
            self._was_away = True

    def _watch_silence(self, now_s: float) -> None:
        """Nobody watches over it: stop at the next point. What it may do it still may, and goes on
        as soon as the controller is heard again."""
        is_silent = now_s - self._heard_s > self.options.deadman_s + ROUNDING_S
        if is_silent and not self._is_silent:
            self._drive.stop_short()
        self._is_silent = is_silent

    def is_led_by(self, epoch: int) -> bool:
        """Whether it hears that controller, so that a heartbeat more is nothing to act on."""
        return epoch == self.epoch and not self._is_silent

    def due_s(self) -> float:
        """When `tick` has something to do though nothing has changed."""
        if self._instants.is_busy or (self.order is not None and self.order.is_busy):
            return -1e9
        due_s = self._told_s + self.options.state_s
        if not self._is_silent:
            due_s = min(due_s, self._heard_s + self.options.deadman_s + 2 * ROUNDING_S)
        return due_s

    # What it says.

    def connected(self, now_s: float) -> list[Outgoing]:
        """The first messages of a connection."""
        self._is_fresh = self._wants_factsheet = True
        return [self._connection(ConnectionState.ONLINE, now_s), *self.tick(now_s)]

    def leaving(self, now_s: float) -> list[Outgoing]:
        """The last message before the connection is closed on purpose."""
        return [self._connection(ConnectionState.OFFLINE, now_s)]

    def _connection(self, state: ConnectionState, now_s: float) -> Outgoing:
        header = self._headers.next(Topic.CONNECTION, now_s)
        message = Connection(**header, connection_state=state)
        return Outgoing(Topic.CONNECTION, self._link(now_s), encode(message))

    def _say(self, senses: Senses, now_s: float) -> list[Outgoing]:
        out = []
        if self._wants_factsheet:
            self._wants_factsheet = False
            sheet = factsheet(self._headers.next(Topic.FACTSHEET, now_s), self.options)
            out.append(Outgoing(Topic.FACTSHEET, self._link(now_s), sheet))
        is_low = senses.charge < self.options.low_charge
        news = (*news_of(senses, self.order), is_low, self._pausing.is_paused)
        is_due = now_s - self._told_s >= self.options.state_s - ROUNDING_S
        is_news = self._is_fresh or self._instants.has_news or self._complaints.has_news
        if is_due or is_news or news != self._told:
            self._told, self._told_s, self._is_fresh = news, now_s, False
            self._instants.has_news = self._complaints.has_news = False
            out.append(self._state(senses, now_s))
        return out

    def _state(self, senses: Senses, now_s: float) -> Outgoing:
        order, where = self.order, self._where(senses)
        state = state_of(
            self._headers.next(Topic.STATE, now_s), self.options, senses, where.mode, order,
            self._pausing.is_paused, self._instants, self._complaints,
        )  # fmt: skip
        beyond = where.beyond
        if order is None:
            return Outgoing(Topic.STATE, self._link(now_s, beyond=beyond), encode(state))
        cleared = max(0, order.done(senses.n_done) + senses.n_left - senses.n_done)
        link = self._link(
            now_s, cleared=cleared, base=order.base, beyond=beyond, stands=order.stands
        )
        return Outgoing(Topic.STATE, link, encode(state))

    def _link(self, now_s: float, **of_states: Any) -> Link:
        self._seq += 1
        lain_ns = round((now_s - self._heard_s) * 1e9)
        return Link(
            seq=self._seq,
            epoch=self.epoch,
            session=self.session,
            sent_ns=round(now_s * 1e9),
            echo_ns=self._heard_ns + lain_ns if self._heard_ns else 0,
            tombstone=self.tombstone,
            **of_states,
        )

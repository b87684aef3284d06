"""The drive agent: takes orders over the link, drives motors by them, and says how it is.

It does no input or output and reads no clock: `hear` takes what has come, `tick` returns what is to
be sent. The rules, and what goes wrong without each, are in docs/decisions/0005-the-link.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from hw_bridge.agent.acceptance import Judge, Refusal, Standing, Verdict, Why
from hw_bridge.agent.complaints import INVALID_INSTANT_ACTION, Complaints
from hw_bridge.agent.drive import Drive
from hw_bridge.agent.factsheet import factsheet
from hw_bridge.agent.form import header_faults
from hw_bridge.agent.held import HeldOrder
from hw_bridge.agent.instants import CLEAR_INSTANT_ACTIONS, Instants
from hw_bridge.agent.memory import Memory
from hw_bridge.agent.motors import Mode, Motors, Senses
from hw_bridge.agent.options import AgentOptions, Identity, Outgoing
from hw_bridge.agent.report import Headers, state_of
from hw_bridge.agent.tasks import Task, follow_moves, give_up, work
from hw_bridge.agent.tools import Tool
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import Action, ActionStatus
from hw_bridge.vda5050.base import encode
from hw_bridge.vda5050.names import order_named
from hw_bridge.vda5050.order import InstantActions, Order
from hw_bridge.vda5050.state import Connection, ConnectionState, OperatingMode
from hw_bridge.wire.frames import MAX_MESSAGE_BYTES, Link, Topic

_orders = msgspec.json.Decoder(Order)
_instants = msgspec.json.Decoder(InstantActions)
AVAILABLE = (OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC, OperatingMode.INTERVENED)
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
        self.order: HeldOrder | None = None
        self.refused: Counter[str] = Counter()
        self.epoch, self.tombstone = memory.load()
        self.session = memory.boot()
        self._motors, self._memory = motors, memory
        self._tools = {tool.action_type: tool for tool in options.tools}
        self._judge = Judge(identity, options)
        self._headers = Headers(identity, options.wall_zero_s)
        self._complaints = Complaints()
        self._drive = Drive(motors)
        self._obeyed: dict[str, Callable[[Action, float], None]] = {
            names.CANCEL_ORDER: self._cancel,
            names.START_PAUSE: self._pause,
            names.STOP_PAUSE: self._pause,
            names.RETRY: self._retry,
            names.STATE_REQUEST: self._note_done,
            names.FACTSHEET_REQUEST: self._ask_factsheet,
            CLEAR_INSTANT_ACTIONS: self._clear_instants,
        }
        self._heard_s = now_s
        self._told_s = -1e9
        self._told: tuple[object, ...] = ()
        self._begin_session()

    def _begin_session(self) -> None:
        """Nothing that was sent before counts, and the unit stands where it stands."""
        self._seq = 0
        self._instants = Instants(self.options.max_instants)
        self._latest = b""
        self._cancelling: Action | None = None
        self._pausing: Action | None = None
        self._doing: list[Task] = []
        self._is_pause_asked = self._is_paused = self._is_silent = self._was_away = False
        self._has_forgotten = self._is_fresh = True
        self._wants_factsheet = False
        self._drive.stop_short()

    # What comes over the link.

    def hear(self, topic: Topic, link: Link, payload: bytes, now_s: float) -> None:
        """Take in a message. What is wrong with it is counted and told, never raised."""
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
        self._heard_s = now_s
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
            if len(payload) > MAX_MESSAGE_BYTES:
                raise msgspec.ValidationError(f"{len(payload)} bytes")
            order = _orders.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self._refuse(Refusal(Why.VALIDATION_FAILURE, str(error)), {"topic": "order"})
            return
        senses = self._motors.sense()
        if self.order is not None:
            self._note_progress(self.order, senses)
        verdict = self._judge.verdict(order, link.anew, self.order, self._standing(senses))
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
            self._has_forgotten = False
        elif self.order is not None:
            self.order.extend(order)

    def _standing(self, senses: Senses) -> Standing:
        order, is_open = self.order, self._is_open(senses)
        is_at_rest = self._has_forgotten or (order is not None and order.stands)
        place = senses.node if order is None else order.stops[order.last].node.node_id
        return Standing(
            place, senses.x_m, senses.y_m, senses.n_done, self._mode(senses) in AVAILABLE, is_open,
            self._open_node(senses) if is_open else "", is_at_rest, self.tombstone,
        )  # fmt: skip

    def _is_open(self, senses: Senses) -> bool:
        """Whether a step has been begun, or has to be done yet, whatever comes."""
        is_open = self._drive.given > senses.n_done
        return is_open or (self._has_forgotten and senses.is_between)

    def _open_node(self, senses: Senses) -> str:
        """Where that step leads; "" unknown."""
        leg = None if self.order is None else self.order.legs.get(senses.n_done + 1)
        return senses.beyond if leg is None else leg.move.node

    def _beyond(self, senses: Senses) -> str:
        """Name of the point that it also covers, while between two."""
        is_between = senses.is_between and self._is_open(senses)
        return self._open_node(senses) if is_between else ""

    def _mode(self, senses: Senses) -> OperatingMode:
        if senses.mode is not Mode.AUTOMATIC:
            return OperatingMode(senses.mode.value)
        # Nobody can tell what it covers until it has been driven to a point by hand.
        is_lost = self._has_forgotten and senses.is_between and not senses.beyond
        return OperatingMode.STARTUP if is_lost else OperatingMode.AUTOMATIC

    def _hear_instants(self, payload: bytes, now_s: float) -> None:
        self._is_fresh = True
        try:
            message = _instants.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.refused[INVALID_INSTANT_ACTION] += 1
            self._complaints.refuse_instant(INVALID_INSTANT_ACTION, str(error), "")
            return
        fault = "; ".join(header_faults(message, self.identity))
        for action in message.actions:
            if not self._instants.is_known(action):
                self._obey(action, fault, now_s)

    def _obey(self, action: Action, fault: str, now_s: float) -> None:
        obey, tool = self._obeyed.get(action.action_type), self._tools.get(action.action_type)
        if obey is None and (tool is None or "INSTANT" not in tool.scopes):
            fault = fault or f"it cannot {action.action_type} at once"
        elif obey is None and tool is not None:
            fault = fault or "; ".join(tool.faults(action))
        if fault:
            self.refused[INVALID_INSTANT_ACTION] += 1
            self._instants.note(action, ActionStatus.FAILED, fault)
            self._complaints.refuse_instant(INVALID_INSTANT_ACTION, fault, action.action_id)
            return
        self._complaints.forget(INVALID_INSTANT_ACTION)
        if obey is not None:
            obey(action, now_s)
        elif tool is not None:
            self._do_at_once(action, tool, now_s)

    def _do_at_once(self, action: Action, tool: Tool, now_s: float) -> None:
        tool.begin(action, now_s)
        self._doing.append(Task(action, 0, has_begun=True))
        self._instants.note(action, ActionStatus.RUNNING)

    def _note_done(self, action: Action, now_s: float) -> None:
        self._instants.note(action, ActionStatus.FINISHED)

    def _ask_factsheet(self, action: Action, now_s: float) -> None:
        self._wants_factsheet = True
        self._note_done(action, now_s)

    def _clear_instants(self, action: Action, now_s: float) -> None:
        self._instants.clear()
        self._note_done(action, now_s)

    def _retry(self, action: Action, now_s: float) -> None:
        if not self._instants.is_overtaken(action, names.RETRY):
            self._drive.retry()
        self._note_done(action, now_s)

    def _pause(self, action: Action, now_s: float) -> None:
        if self._instants.is_overtaken(action, names.START_PAUSE):
            self._instants.note(action, ActionStatus.FAILED, "overtaken by a later one")
            return
        if self._pausing is not None:
            self._instants.note(self._pausing, ActionStatus.FAILED, "overtaken by a later one")
            self._pausing = None
        self._is_pause_asked = action.action_type == names.START_PAUSE
        if self._is_pause_asked and not self._is_paused:
            self._pausing = action
            self._instants.note(action, ActionStatus.RUNNING)
        else:
            self._is_paused = self._is_pause_asked
            self._note_done(action, now_s)

    def _cancel(self, action: Action, now_s: float) -> None:
        """Drop what is left of the order; if it has not come yet, it will not be taken later."""
        order = self.order
        wanted = str(action.parameter("orderId", order.order_id if order is not None else ""))
        named, mine = order_named(wanted), order.name.number if order is not None else 0
        if named is not None and mine <= named.number and named.number > self.tombstone:
            self.tombstone = named.number
            self._memory.save(self.epoch, self.tombstone)
        is_mine = order is not None and named is not None and named.number == mine
        if order is None or not is_mine or order.is_cancelled:
            self._refuse_cancel(action, wanted)
            return
        was_idle = order.is_idle(self._motors.sense().n_done)
        order.is_cancelled = True
        self._cut(order)
        if was_idle:
            self._refuse_cancel(action, wanted)
        else:
            self._cancelling = action
            self._instants.note(action, ActionStatus.RUNNING)

    def _refuse_cancel(self, action: Action, wanted: str) -> None:
        self._instants.note(action, ActionStatus.FAILED, "no such order is active")
        self._complaints.refuse_instant(
            names.NO_ORDER_TO_CANCEL, f"order {wanted} is not active", action.action_id
        )

    def _cut(self, order: HeldOrder) -> None:
        kept = self._drive.stop_short()
        give_up(order.tasks, kept, self._tools)
        order.cut(kept)

    # What happens by itself.

    def tick(self, now_s: float) -> list[Outgoing]:
        """Notice what has changed, and say it. Call it after `hear`, when the motors may have got
        on, and every 50 to 100 ms."""
        senses = self._motors.sense()
        self._watch_mode(senses)
        self._watch_silence(now_s)
        self._drive.hold(self._is_pause_asked or (self._has_forgotten and senses.is_between))
        if self._is_pause_asked and not self._is_paused and not senses.is_moving:
            self._is_paused = True
            if self._pausing is not None:
                self._note_done(self._pausing, now_s)
                self._pausing = None
        if self._doing:
            self._work_at_once(now_s)
        if self.order is not None:
            senses = self._follow(self.order, senses, now_s)
        return self._say(senses, now_s)

    def _follow(self, order: HeldOrder, senses: Senses, now_s: float) -> Senses:
        self._note_progress(order, senses)
        if order.tasks:
            work(order.tasks, order.last, self._tools, now_s)
        if not order.is_cancelled and not self._is_silent and self._drive.give(order, senses):
            senses = self._motors.sense()
            self._note_progress(order, senses)
        if order.is_cancelled and not order.stands:
            self._settle(order, senses, now_s)
        return senses

    def _note_progress(self, order: HeldOrder, senses: Senses) -> None:
        if order.tasks:
            follow_moves(order.tasks, senses, self._drive.given, self._is_paused)
        order.advance(senses.n_done, self._drive.given)

    def _settle(self, order: HeldOrder, senses: Senses, now_s: float) -> None:
        """Say what is left of a cancelled order once the unit stands."""
        if not self._drive.is_at_rest(order, senses, now_s):
            return
        # Asked again: a pause may have stopped it earlier, or its lift have failed.
        self._cut(order)
        order.stands = self._is_fresh = True
        if self._cancelling is not None:
            self._note_done(self._cancelling, now_s)
            self._cancelling = None

    def _work_at_once(self, now_s: float) -> None:
        for task in self._doing:
            tool = self._tools[task.action.action_type]
            self._instants.note(task.action, status := tool.look(task.action, now_s))
            task.status = status
        self._doing = [task for task in self._doing if not task.status.is_over]

    def _watch_mode(self, senses: Senses) -> None:
        """A person who takes over ends the order; what the unit did and was told before counts no
        more when it is back, wherever that is."""
        if senses.mode is Mode.AUTOMATIC:
            if self._was_away:
                self.session = self._memory.boot()
                self._begin_session()
            self._complaints.forget(Why.MOBILE_ROBOT_NOT_AVAILABLE)
        elif not self._was_away and (senses.mode is not Mode.STARTUP or self.order is not None):
            self._was_away = self._is_fresh = True
            self._drive.stop_short()
            if self.order is not None:
                give_up(self.order.tasks, 0, self._tools)
            self.order, self._latest = None, b""
            if self._cancelling is not None:
                self._instants.note(self._cancelling, ActionStatus.FINISHED)
                self._cancelling = None

    def _watch_silence(self, now_s: float) -> None:
        """Nobody watches over it: stop at the next point. What it may do it still may, and goes on
        as soon as the controller is heard again."""
        is_silent = now_s - self._heard_s > self.options.deadman_s + ROUNDING_S
        if is_silent and not self._is_silent:
            self._drive.stop_short()
        self._is_silent = is_silent

    def due_s(self) -> float:
        """When `tick` has something to do though nothing has changed."""
        due_s = self._told_s + self.options.state_s
        if not self._is_silent:
            due_s = min(due_s, self._heard_s + self.options.deadman_s + 2 * ROUNDING_S)
        is_busy = self._doing or (self.order is not None and self.order.is_busy)
        return -1e9 if is_busy else due_s

    # What it says.

    def connected(self, now_s: float) -> list[Outgoing]:
        """The first messages of a connection."""
        self._is_fresh, self._wants_factsheet = True, False
        online = Connection(
            **self._headers.next(Topic.CONNECTION, now_s), connection_state=ConnectionState.ONLINE
        )
        return [
            self._outgoing(Topic.CONNECTION, encode(online)),
            self._factsheet(now_s),
            *self.tick(now_s),
        ]

    def leaving(self, now_s: float) -> list[Outgoing]:
        """The last message before the connection is closed on purpose."""
        header = self._headers.next(Topic.CONNECTION, now_s)
        offline = Connection(**header, connection_state=ConnectionState.OFFLINE)
        return [self._outgoing(Topic.CONNECTION, encode(offline))]

    def _factsheet(self, now_s: float) -> Outgoing:
        header = self._headers.next(Topic.FACTSHEET, now_s)
        return self._outgoing(Topic.FACTSHEET, factsheet(header, self.options))

    def _outgoing(self, topic: Topic, payload: bytes) -> Outgoing:
        self._seq += 1
        return Outgoing(topic, Link(seq=self._seq, epoch=self.epoch, session=self.session), payload)

    def _say(self, senses: Senses, now_s: float) -> list[Outgoing]:
        out = []
        if self._wants_factsheet:
            self._wants_factsheet = False
            out.append(self._factsheet(now_s))
        news = self._news(senses)
        is_due = now_s - self._told_s >= self.options.state_s - ROUNDING_S
        is_news = self._is_fresh or self._instants.has_news or self._complaints.has_news
        if is_due or is_news or news != self._told:
            self._told, self._told_s, self._is_fresh = news, now_s, False
            self._instants.has_news = self._complaints.has_news = False
            out.append(self._state(senses, now_s))
        return out

    def _news(self, senses: Senses) -> tuple[object, ...]:
        """All whose change has to be told at once (VDA 5050, section 6.6)."""
        order = self.order
        return (
            senses.n_done, senses.n_left, senses.is_moving, senses.is_between, senses.trouble,
            senses.mode, senses.load, senses.is_localised, senses.is_charging,
            senses.is_emergency_stopped, senses.is_field_violated, senses.node,
            senses.charge < self.options.low_charge, self._is_paused,
            None if order is None
            else (order.last, order.base, [task.status for task in order.tasks]),
        )  # fmt: skip

    def _state(self, senses: Senses, now_s: float) -> Outgoing:
        order = self.order
        state = state_of(
            self._headers.next(Topic.STATE, now_s), self.options, senses, self._mode(senses), order,
            self._is_paused, self._instants, self._complaints,
        )  # fmt: skip
        self._seq += 1
        link = Link(
            seq=self._seq,
            epoch=self.epoch,
            session=self.session,
            tombstone=self.tombstone,
            cleared=self._cleared(order, senses),
            base=-1 if order is None else order.base,
            beyond=self._beyond(senses),
            stands=order is not None and order.stands,
        )
        return Outgoing(Topic.STATE, link, encode(state))

    @staticmethod
    def _cleared(order: HeldOrder | None, senses: Senses) -> int:
        if order is None:
            return 0
        return max(0, order.done(senses.n_done) + senses.n_left - senses.n_done)

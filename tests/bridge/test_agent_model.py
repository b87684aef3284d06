"""The drive agent against a model of which orders it may take, over random conversations.

Whatever was ever sent may come again, any time, any number of times. The model knows steps and
columns, no nodes, messages or motors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
from agent_rig import Path, Rig, Step
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hw_bridge.agent.motors import MoveKind
from hw_bridge.vda5050.base import encode
from hw_bridge.vda5050.names import CANCEL_ORDER, EPOCH_BITS, OrderName, order_named
from hw_bridge.wire.frames import Topic

MESSAGES = {
    "VALIDATION_FAILURE", "OUTDATED_ORDER_UPDATE", "SAME_ORDER_UPDATE_ID", "OTHER_ORDER_ACTIVE",
    "ORDER_UPDATE_FOLLOWING_CANCEL", "START_NODE_OUT_OF_RANGE",
}  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """An order on its way: steps first..last of its path may be done, and one is hoped for."""

    path: Path
    update: int
    first: int
    last: int
    n_ahead: int
    session: int
    epoch: int
    anew: bool

    @property
    def says(self) -> tuple[object, ...]:
        return (self.path.steps, self.first, self.last, self.n_ahead)


@dataclass
class Model:
    """What the unit has to know. done: steps done of the order, as it counts."""

    session: int = 1
    epoch: int = 5
    tombstone: int = 0
    column: int = 0
    name: OrderName | None = None
    steps: list[Step] = field(default_factory=list)
    update: int = 0
    base: int = 0
    done: int = 0
    said: tuple[object, ...] = ()
    is_waiting: bool = False
    is_cancelled: bool = False
    is_told: bool = False
    """It has been said that the unit stands, with its order given up or forgotten."""
    open_to: int | None = None
    """Where a step leads that has begun; the column where it is, for a lift."""

    def answer(self, sent: Sent) -> str:
        """What it has to say to an order: "" for nothing, "taken", or an error."""
        name = sent.path.name
        if sent.session != self.session or sent.epoch < self.epoch:
            return ""
        is_double = (name, sent.update, sent.says) == (self.name, self.update, self.said)
        if is_double and not self.is_cancelled:
            return ""
        if name.number <= self.tombstone:
            return "ORDER_UPDATE_FOLLOWING_CANCEL"
        if self.name is not None and name == self.name:
            return self._answer_update(sent)
        return self._answer_new(sent)

    def _answer_update(self, sent: Sent) -> str:
        if sent.update < self.update:
            return "OUTDATED_ORDER_UPDATE"
        if sent.update == self.update:
            return "" if sent.says == self.said else "SAME_ORDER_UPDATE_ID"
        fits = sent.first == self.base and sent.path.steps[: self.base + 1] == self.steps
        return "taken" if fits else "VALIDATION_FAILURE"

    def _answer_new(self, sent: Sent) -> str:
        if sent.update or sent.first:
            return "VALIDATION_FAILURE"
        if self.name is not None:
            is_free = self.done == self.base and (not self.is_waiting or sent.anew)
            if self.is_cancelled:
                is_free = self.done == self.base or self.is_told
            if not is_free:
                return "OTHER_ORDER_ACTIVE"
            if sent.path.name.number <= self.name.number:
                return "OUTDATED_ORDER_UPDATE"
        begins_here = sent.path.steps[0] == self.column
        if self.name is not None and not sent.anew:
            begins_here &= sent.path.name.stand == self.name.stand + self.done
        if self.open_to is not None:
            begins_here &= sent.last >= 1 and sent.path.steps[1] == self.open_to
        return "taken" if begins_here else "START_NODE_OUT_OF_RANGE"

    def take(self, sent: Sent) -> None:
        if sent.path.name != self.name:
            self.name, self.done = sent.path.name, 0
            self.is_cancelled = self.is_told = False
        self.update, self.base = sent.update, sent.last
        self.steps = sent.path.steps[: sent.last + 1]
        self.said, self.is_waiting = sent.says, sent.n_ahead > 0

    def give_up(self) -> None:
        self.base = self.done + int(self.open_to is not None)
        self.steps = self.steps[: self.base + 1]
        self.is_waiting = False


class Conversation(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.rig, self.model = Rig(), Model()
        self.sent: list[Sent] = []
        self.count, self.instants = 0, 0
        self.paths: list[Path] = []

    # What a controller does that knows what it is doing.

    @rule(data=st.data(), n_steps=st.integers(0, 4), n_ahead=st.integers(0, 1), anew=st.booleans(),
          is_late=st.booleans())  # fmt: skip
    def order(
        self, data: st.DataObject, n_steps: int, n_ahead: int, anew: bool, is_late: bool
    ) -> None:
        model = self.model
        stand = 0 if anew or model.name is None else model.name.stand + model.done
        stand += data.draw(st.sampled_from([0, 0, 0, 1]))  # now and then a step that it is not at
        self.count += 2  # between two, one that is late
        if is_late and self.count > 4:
            self._order(data, self.count - 3, stand, n_steps, n_ahead, anew)
        self._order(data, self.count, stand, n_steps, n_ahead, anew)

    def _order(
        self, data: st.DataObject, count: int, stand: int, n_steps: int, n_ahead: int, anew: bool
    ) -> None:
        model = self.model
        if any(path.name.number & 0xFFFFFFFF == count for path in self.paths):
            return
        name = OrderName(model.epoch << EPOCH_BITS | count, stand)
        path = Path(name, [model.column])
        self.paths.append(path)
        if model.open_to is not None and n_steps and data.draw(st.booleans()):
            path.steps.append(model.open_to)
        self._plan(data, path, n_steps + n_ahead)
        self._send(path, 0, 0, n_steps, n_ahead, anew)

    def _plan(self, data: st.DataObject, path: Path, last: int) -> None:
        while len(path.steps) <= last:
            columns = [step for step in path.steps if not isinstance(step, str)]
            here, acts = columns[-1], len(path.steps) - len(columns)
            lift: Step = "drop" if acts % 2 else "pick"
            choices: list[Step] = [here + 1, lift] + ([here - 1] if here > 0 else [])
            path.steps.append(data.draw(st.sampled_from(choices)))

    def _send(self, path: Path, update: int, first: int, last: int, ahead: int, anew: bool) -> None:
        model = self.model
        copy = Path(path.name, list(path.steps[: last + ahead + 1]))
        sent = Sent(copy, update, first, last, ahead, model.session, model.epoch, anew)
        self.sent.append(sent)
        self.deliver(sent)

    @precondition(lambda self: self.model.name is not None)
    @rule(data=st.data(), more=st.integers(0, 3), ahead=st.integers(0, 1), skip=st.integers(1, 2))
    def lengthen(self, data: st.DataObject, more: int, ahead: int, skip: int) -> None:
        model = self.model
        path = next(path for path in self.paths if path.name == model.name)
        path.steps = list(model.steps)
        self._plan(data, path, model.base + more + ahead)
        first = max(0, model.base - data.draw(st.sampled_from([0, 0, 0, 1])))  # now and then wrong
        self._send(path, model.update + skip, first, model.base + more, ahead, False)

    @rule(data=st.data(), n_orders=st.integers(1, 4))
    def work(self, data: st.DataObject, n_orders: int) -> None:
        """A while without trouble."""
        self.pause(False)
        for _ in range(n_orders):
            while self._has_more() and not self.rig.motors.is_held:
                self.arrive()
            if self.model.name is not None and not self.model.is_cancelled:
                self.lengthen(data, data.draw(st.integers(0, 3)), 0, 1)
            else:
                self.order(data, 2, 0, False, False)

    def _has_more(self) -> bool:
        return len(self.rig.motors.moves) > self.rig.motors.senses.n_done

    @rule(data=st.data(), is_reboot=st.booleans(), n_steps=st.integers(0, 2))
    def stand_between(self, data: st.DataObject, is_reboot: bool, n_steps: int) -> None:
        """Come to a stand with a step that has begun, and another order."""
        self.work(data, 1)
        self.set_out()
        if is_reboot:
            self.switch_off_and_on()
        else:
            self.pause(True)
            self.cancel(0)
        self.order(data, n_steps, 0, False, False)

    # What comes of mistakes and of the network.

    @precondition(lambda self: self.sent)
    @rule(back=st.integers(1, 3))
    def deliver_late(self, back: int) -> None:
        self.deliver(self.sent[-min(back, len(self.sent))])

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        self.deliver(data.draw(st.sampled_from(self.sent)))

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), change=st.sampled_from(["update", "first", "last", "stand", "anew"]))
    def deliver_wrongly(self, data: st.DataObject, change: str) -> None:
        sent = data.draw(st.sampled_from(self.sent))
        path, values = sent.path, {}
        last = len(path.steps) - 1
        if change == "update":
            values["update"] = data.draw(st.integers(0, 5))
        elif change == "first":
            values["first"] = data.draw(st.integers(0, sent.last))
        elif change == "last":
            values["last"] = data.draw(st.integers(sent.first, last))
            values["n_ahead"] = last - values["last"]
        elif change == "stand":
            stand = data.draw(st.integers(0, 6))
            values["path"] = Path(OrderName(path.name.number, stand), list(path.steps))
        else:
            values["anew"] = not sent.anew
        self.deliver(Sent(**{**sent.__dict__, **values}))

    def deliver(self, sent: Sent) -> None:
        rig, model = self.rig, self.model
        order = sent.path.order(sent.update, sent.first, sent.last, sent.n_ahead)
        answer = model.answer(sent)
        is_heard = sent.session == model.session and sent.epoch >= model.epoch
        if is_heard:
            model.epoch = sent.epoch
        before = MESSAGES & set(rig.errors)
        link: dict[str, Any] = {"session": sent.session, "epoch": sent.epoch, "anew": sent.anew}
        rig.hear(Topic.ORDER, encode(order), **link)
        if answer == "taken":
            model.take(sent)
            assert not MESSAGES & set(rig.errors)
        else:
            assert MESSAGES & set(rig.errors) == before | ({answer} if answer else set())
        self._settle()

    # What happens.

    @rule(back=st.integers(0, 2))
    def cancel(self, back: int) -> None:
        model = self.model
        if back >= len(self.paths):
            return
        name = self.paths[-1 - back].name
        self.instants += 1
        parameters, action_id = {"orderId": str(name)}, f"again.{self.instants}"
        self.rig.instant(CANCEL_ORDER, 0, parameters, action_id, epoch=model.epoch)
        if model.name is None or name.number >= model.name.number:
            model.tombstone = max(model.tombstone, name.number)
        if model.name is not None and name.number == model.name.number and not model.is_cancelled:
            model.is_cancelled = True
            model.give_up()
        self._settle()

    def _settle(self, has_waited: bool = False) -> None:
        """A unit says that it stands when it does and will not go on, or has not for a while."""
        model, motors = self.model, self.rig.motors
        if not model.is_cancelled or motors.senses.is_moving:
            return
        is_halted = motors.is_held or has_waited
        if model.open_to is None or (is_halted and model.open_to != model.column):
            model.is_told = True

    @rule()
    def set_out(self) -> None:
        motors, model = self.rig.motors, self.model
        if motors.is_held or motors.has_begun or len(motors.moves) <= motors.senses.n_done:
            return
        motors.begin()
        step = model.steps[model.done + 1]
        model.open_to = model.column if isinstance(step, str) else step
        self.rig.hello(epoch=model.epoch)

    @rule()
    def arrive(self) -> None:
        motors, model = self.rig.motors, self.model
        if motors.is_held or len(motors.moves) <= motors.senses.n_done:
            return
        move = motors.moves[motors.senses.n_done]
        motors.run()
        if model.name is not None:
            model.done += 1
            assert model.done <= model.base, "beyond the base"
        if move.kind is MoveKind.DRIVE:
            model.column = round(move.x_m)
        model.open_to = None
        self.rig.hello(epoch=model.epoch)
        self._settle()

    @rule(is_pause=st.booleans())
    def pause(self, is_pause: bool) -> None:
        self.instants += 1
        kind = "startPause" if is_pause else "stopPause"
        self.rig.instant(kind, self.instants, epoch=self.model.epoch)
        self._settle()

    @rule()
    def keep_silent(self) -> None:
        self.rig.tick(2.0)
        self._settle(has_waited=True)

    @rule()
    def replace_controller(self) -> None:
        self.model.epoch += 1
        self.rig.hello(epoch=self.model.epoch)

    @rule()
    def switch_off_and_on(self) -> None:
        rig, model = self.rig, self.model
        if model.open_to is not None and model.open_to != model.column:
            rig.motors.change(is_moving=False, beyond=f"c.1.{model.open_to + 1}")
        elif model.open_to is not None:
            return  # a lift that is undone: motors of their own do that
        rig.reboot()
        model.session += 1
        model.name, model.is_cancelled, model.is_waiting = None, False, False
        model.done, model.base, model.is_told = 0, 0, True
        rig.hello(epoch=model.epoch)

    # What is always so.

    @invariant()
    def it_says_what_is_so(self) -> None:
        rig, model = self.rig, self.model
        state, link = rig.state, rig.link
        assert (link.session, link.epoch, link.tombstone) == (
            model.session, model.epoch, model.tombstone,
        )  # fmt: skip
        if model.name is None:
            assert (state.order_id, link.base, link.stands) == ("", -1, False)
            return
        assert order_named(state.order_id) == model.name
        assert (rig.done() - model.name.stand, link.base) == (model.done, model.base)
        assert link.cleared == model.done
        assert link.stands == (model.is_cancelled and model.is_told)
        if link.stands:
            assert model.open_to is None or model.open_to != model.column

    @invariant()
    def its_motors_have_nothing_beyond_the_base(self) -> None:
        motors, model = self.rig.motors, self.model
        given = motors.moves[motors.senses.n_done :]
        if model.name is None:
            assert len(given) == int(model.open_to is not None)
            assert motors.is_held or not given
            return
        allowed = model.steps[model.done + 1 : model.base + 1]
        kinds = {"pick": MoveKind.LIFT, "drop": MoveKind.LOWER}
        assert len(given) <= len(allowed)
        for move, step in zip(given, allowed, strict=False):
            if isinstance(step, str):
                assert move.kind is kinds[step]
            else:
                assert (move.kind, round(move.x_m)) == (MoveKind.DRIVE, step)


Conversation.TestCase.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, derandomize=True, print_blob=True
)
TestConversation = Conversation.TestCase

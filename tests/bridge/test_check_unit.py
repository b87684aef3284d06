"""The conformance check passes on the drive agent, and each rule that is left out is noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from check_rig import PaperFleet, setup_of

from hw_bridge.agent import acceptance
from hw_bridge.agent.acceptance import Judge, Verdict
from hw_bridge.agent.agent import DriveAgent
from hw_bridge.agent.complaints import Complaints
from hw_bridge.agent.drive import Drive
from hw_bridge.agent.held import HeldOrder
from hw_bridge.agent.instants import Instants
from hw_bridge.agent.refusal import Refusal, Why
from hw_bridge.conformance import run
from hw_bridge.conformance.run import ALL_CASES, NoUnitError, check, chosen
from hw_bridge.wire.frames import Topic

Patch = pytest.MonkeyPatch


def verdicts(fleet: PaperFleet, *names: str) -> dict[str, tuple[str, str]]:
    """Of cases, all where none are named, those that are not passed."""
    results = list(check(setup_of(fleet), chosen(list(names))))
    assert len(results) == len(names or ALL_CASES)
    return {
        result.case.name: (result.verdict.value, result.reason)
        for result in results
        if result.verdict is not run.Verdict.PASS
    }


def test_the_drive_agent_passes_all() -> None:
    assert len(ALL_CASES) >= 25
    assert verdicts(PaperFleet()) == {}


def test_what_cannot_be_tried_is_skipped_with_a_reason() -> None:
    results = check(setup_of(PaperFleet(), reboot=None), chosen(["begins-a-session"]))
    assert [(r.verdict, "--reboot" in r.reason) for r in results] == [(run.Verdict.SKIPPED, True)]


def test_a_unit_without_the_extras_is_checked_for_the_rest() -> None:
    class Plain(DriveAgent):
        """Answers no epochs: to it they are all the same."""

        def _link(self, now_s: float, **of_states: Any) -> Any:
            link = super()._link(now_s)
            return type(link)(seq=link.seq)

        def hear(self, topic: Topic, link: Any, payload: bytes, now_s: float) -> None:
            heard = type(link)(seq=link.seq, session=self.session)
            super().hear(topic, heard, payload, now_s)

    found = verdicts(PaperFleet(Plain))
    assert {verdict for verdict, _ in found.values()} == {"SKIPPED"}
    assert len(found) < len(ALL_CASES) / 2
    assert all("link header" in reason for _, reason in found.values())


def test_no_unit() -> None:
    fleet = PaperFleet()
    fleet.open = lambda: fleet  # type: ignore[method-assign]
    with pytest.raises(NoUnitError, match="R0001 has not connected"):
        list(check(setup_of(fleet), list(ALL_CASES)))


def test_cases_that_are_none_are_all_named() -> None:
    with pytest.raises(ValueError, match=r"drivs: no such case; did you mean drives\?\nxxx: no"):
        chosen(["drivs", "drives", "xxx"])


def _never(*names: Why) -> Callable[[Patch], None]:
    """The agent takes orders that it should refuse for these reasons."""

    def apply(patch: Patch) -> None:
        verdict = Judge.verdict

        def lenient(self: Judge, order: Any, is_anew: bool, where: Any, tombstone: int) -> Any:
            answer = verdict(self, order, is_anew, where, tombstone)
            if isinstance(answer, Refusal) and answer.why in names:
                held = where.order
                is_same = held is not None and held.order_id == order.order_id
                return Verdict.EXTEND if is_same else Verdict.BEGIN
            return answer

        patch.setattr(Judge, "verdict", lenient)

    return apply


def _drives_its_horizon(patch: Patch) -> None:
    extend = HeldOrder.extend

    def eager(self: HeldOrder, order: Any) -> None:
        nodes = tuple(msgspec.structs.replace(node, released=True) for node in order.nodes)
        extend(self, msgspec.structs.replace(order, nodes=nodes))
        self.message = order

    patch.setattr(HeldOrder, "extend", eager)


def _hears_all(field: str) -> Callable[[Patch], None]:
    def apply(patch: Patch) -> None:
        hear = DriveAgent.hear

        def deaf(self: DriveAgent, topic: Any, link: Any, payload: bytes, now_s: float) -> None:
            value = max(getattr(self, field), link.epoch if field == "epoch" else 0)
            hear(self, topic, msgspec.structs.replace(link, **{field: value}), payload, now_s)

        patch.setattr(DriveAgent, "hear", deaf)

    return apply


def _set(owner: Any, name: str, value: Any) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(owner, name, value)


def _no_tombstone(patch: Patch) -> None:
    cancel = DriveAgent._cancel

    def forgetful(self: DriveAgent, action: Any) -> None:
        before = self.tombstone
        cancel(self, action)
        self.tombstone = before

    patch.setattr(DriveAgent, "_cancel", forgetful)


def _says_finished_at_once(patch: Patch) -> None:
    patch.setattr(Drive, "is_at_rest", lambda self, order, senses, now_s: True)


def _acts_again(patch: Patch) -> None:
    patch.setattr(Judge, "_judge_update", lambda self, order, held: Verdict.EXTEND)


MUTANTS: dict[str, tuple[Callable[[Patch], None], str]] = {
    "takes older updates": (_never(Why.OUTDATED_ORDER_UPDATE), "refuses-a-stale-update"),
    "takes other content": (_never(Why.SAME_ORDER_UPDATE_ID), "refuses-another-content"),
    "takes doubles as updates": (_acts_again, "refuses-another-content"),
    "does not look at the node to stitch on": (
        _set(acceptance, "_is_same_node", lambda node, mine: node.node_id == mine.node_id),
        "refuses-a-changed-stitch",
    ),
    "takes a second order": (_never(Why.OTHER_ORDER_ACTIVE), "refuses-another-order"),
    "begins anywhere": (_never(Why.START_NODE_OUT_OF_RANGE), "refuses-a-start-elsewhere"),
    "begins at any step": (_never(Why.START_NODE_OUT_OF_RANGE), "refuses-a-wrong-step"),
    "knows all maps": (_never(Why.UNKNOWN_MAP_ID), "refuses-an-unknown-map"),
    "does not look at fields": (
        _never(Why.UNSUPPORTED_PARAMETER), "refuses-an-unsupported-field",
    ),
    "has no tombstone": (_no_tombstone, "refuses-what-was-cancelled-before-it-came"),
    "takes updates after a cancel": (_no_tombstone, "refuses-an-update-after-the-cancel"),
    "hears any session": (_hears_all("session"), "ignores-another-session"),
    "hears any epoch": (_hears_all("epoch"), "ignores-an-older-epoch"),
    "drives its horizon": (_drives_its_horizon, "keeps-to-its-base"),
    "says too early that it stands": (_says_finished_at_once, "stops-when-cancelled"),
    "does not notice silence": (
        _set(DriveAgent, "_watch_silence", lambda self, now_s: None), "stops-when-nobody-is-heard",
    ),
    "does not pause": (_set(Drive, "hold", lambda self, is_held: False), "pauses"),
    "keeps its complaints": (
        _set(Complaints, "forget_orders", lambda self: None), "complains-until-the-next-order",
    ),
    "forgets its complaints": (
        _set(Complaints, "errors", lambda self, senses, low: ()), "complains-until-the-next-order",
    ),
    "obeys anything": (
        _set(Instants, "take", lambda self, action, fault, now_s: self.finish(action)),
        "refuses-an-unknown-instant-action",
    ),
    "has no session": (
        _set(PaperFleet, "reboot", lambda self: None), "begins-a-session",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("mutant", "name"), MUTANTS.values(), ids=MUTANTS.keys())
def test_a_rule_that_is_left_out_is_noticed(
    monkeypatch: Patch, mutant: Callable[[Patch], None], name: str
) -> None:
    mutant(monkeypatch)
    found = verdicts(PaperFleet(), name)
    assert found[name][0] == "FAIL", found
    assert found[name][1]

"""What the controller releases arrives at drive agents as orders of VDA 5050, and comes back."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from backend_rig import N_COLS, Hall
from vda_samples import schema_folder

from fleet_control.backend import Act, Request
from hw_bridge.agent.motors import MoveKind, Trouble
from hw_bridge.labels import Labels
from hw_bridge.schemas import Schemas
from hw_bridge.translate.orders_out import LIFE_UPDATES, PATIENCE
from hw_bridge.vda5050.names import edge_id, node_id
from hw_bridge.wire.frames import Topic

LIFT, LOWER = Act.LIFT, Act.LOWER


def states_lost(hall: Hall) -> Callable[[], None]:
    """Nothing of the unit arrives any more; call the result to end it."""
    before, hall.loses = hall.loses, lambda serial, topic, payload: topic is Topic.STATE

    def end() -> None:
        hall.loses = before

    return end


def test_steps_are_nodes_and_a_lift_is_a_node_of_its_own() -> None:
    hall = Hall(options={"labels": Labels(at=lambda cell: f"P{cell:05d}")})
    hall.backend.connect()
    hall.release(0, 1, 2, LIFT, 3, LOWER, 4, ahead=5, speed_m_s=0.8)
    (order,) = hall.wire.orders()
    assert order.order_id == "7.1.0"
    assert order.order_update_id == 0
    assert [n.sequence_id for n in order.nodes] == [0, 2, 4, 6, 8, 10, 12, 14]
    assert [n.node_id for n in order.nodes] == [
        node_id(c, N_COLS) for c in (0, 1, 2, 2, 3, 3, 4, 5)
    ]
    assert [n.released for n in order.nodes] == [True] * 7 + [False]
    assert order.edges[2].edge_id == edge_id(2, 2, N_COLS)
    assert [round(e.maximum_speed or 0.0, 3) for e in order.edges] == [
        0.8, 0.8, 0.0, 0.8, 0.0, 0.8, 0.0,
    ]  # fmt: skip
    (pick,) = order.nodes[3].actions
    assert (pick.action_type, pick.action_id) == ("pick", "7.1.0.3")
    assert pick.parameter("loadId") == "P00002"
    (drop,) = order.nodes[5].actions
    assert (drop.action_type, drop.action_id, drop.parameter("loadId")) == ("drop", "7.1.0.5", None)
    position = order.nodes[1].node_position
    assert position is not None
    assert (position.x, position.y, position.map_id) == (1.5, 0.5, "floor")
    hall.settle()
    kinds = [move.kind for move in hall.units["U1"].motors.moves]
    assert kinds == [
        MoveKind.DRIVE, MoveKind.DRIVE, MoveKind.LIFT, MoveKind.DRIVE, MoveKind.LOWER,
        MoveKind.DRIVE,
    ]  # fmt: skip


def test_one_update_is_on_its_way_at_a_time_and_sent_again_as_it_was() -> None:
    hall = Hall()
    hall.backend.connect()
    hall.release(0, 1)
    hall.advance()
    end = states_lost(hall)
    hall.release(0, 2)
    hall.advance()
    hall.release(0, 3)
    hall.release(0, 4)
    hall.advance(1.0)
    again = [p for _, topic, _, p in hall.wire.sent if topic is Topic.ORDER][1:]
    assert len(again) >= 3
    assert len(set(again)) == 1  # byte for byte
    assert hall.backend.figures.n_again >= 2
    end()
    hall.advance(1.2)
    last = hall.wire.orders()[-1]
    assert last.order_update_id == 2
    assert [n.node_id for n in last.nodes] == ["c.1.3", "c.1.4", "c.1.5"]
    hall.settle()


def test_what_waits_for_an_echo_goes_out_with_it_without_waiting_for_a_cycle() -> None:
    hall = Hall()
    hall.backend.connect()
    hall.release(0, 1)
    hall.release(0, 2)
    assert len(hall.wire.orders()) == 1
    hall.advance(0.05)
    assert len(hall.wire.orders()) == 2
    assert hall.backend.figures.echoes.n >= 1


def test_an_outlook_is_told_and_told_anew_when_it_changes() -> None:
    hall = Hall()
    hall.backend.connect()
    hall.release(0, 1, ahead=2)
    hall.advance()
    hall.release(0, ahead=2)  # no news
    hall.advance()
    assert len(hall.wire.orders()) == 1
    hall.release(0, 2, ahead=3)
    hall.advance()
    first, second = hall.wire.orders()
    assert [n.released for n in first.nodes] == [True, True, False]
    assert [n.node_id for n in second.nodes] == ["c.1.2", "c.1.3", "c.1.4"]
    assert hall.units["U1"].motors.hints


def test_an_update_that_is_never_echoed_is_made_anew() -> None:
    """It may have been refused for good, as one is that stitches on what the unit does not have."""
    hall = Hall()
    hall.backend.connect()
    hall.release(0, 1)
    hall.advance()
    hall.wire.is_watched = False  # nobody else can tell that the base has not grown
    hall.loses = lambda serial, topic, payload: b'"orderUpdateId":1,"nodes"' in payload
    hall.release(0, 2, 3)
    hall.settle()
    assert hall.backend.figures.n_made_anew == 1
    numbers = [order.order_update_id for order in hall.wire.orders()]
    assert numbers[:PATIENCE] == [0] + [1] * (PATIENCE - 1)
    assert numbers[-1] == 2


def test_a_new_controller_goes_on_with_the_order_that_a_unit_has_in_hand() -> None:
    hall = Hall(moves_a_step=0)
    hall.backend.connect()
    hall.release(0, 1, 2, LIFT, 3)
    hall.advance()
    hall.moves_a_step = 1
    hall.advance(0.6)
    backend = hall.restart()
    state = backend.connect()
    assert state.done is not None
    assert state.bases is not None
    assert state.bases.tolist() == [4]
    done = int(state.done[0])
    steps = hall.steps[0][done:]
    hall.steps[0] = hall.steps[0][:done]
    columns = [act if act != Act.DRIVE else cell for cell, act in steps]
    hall.release(0, *columns, 4, 5)
    hall.settle()
    last = hall.wire.orders()[-1]
    assert last.order_id == "7.1.0"
    assert last.order_update_id == LIFE_UPDATES
    assert len(hall.units["U1"].motors.moves) == 6


def test_a_new_controller_stitches_on_a_lift_that_it_did_not_order() -> None:
    hall = Hall()
    hall.backend.connect()
    hall.release(0, 1, LIFT)
    hall.settle()
    backend = hall.restart()
    state = backend.connect()
    assert state.carried_pods.tolist() == [1]  # as the paper says
    hall.release(0, 2)
    hall.settle()
    first = hall.wire.orders()[-1].nodes[0]
    assert [action.action_id for action in first.actions] == ["7.1.0.2"]


def test_units_that_do_not_answer_are_unheard_and_others_go_on() -> None:
    hall = Hall(n_units=2)
    hall.units["U2"].is_on = False
    hall.wire.unreachable.add("U2")
    state = hall.backend.connect()
    assert hall.now == pytest.approx(10.0, abs=0.3)
    assert state.cells.tolist() == [0, -1]
    hall.steps[1] = hall.steps[1][:1]
    hall.release(0, 1, 2)
    hall.settle()
    assert hall.backend.figures.not_sent[Topic.HELLO] > 10


def test_a_unit_that_obeys_a_later_controller_is_told() -> None:
    hall = Hall()
    hall.backend.connect()
    assert hall.backend.usurper == 0
    ours = hall.backend
    hall.restart().connect()
    hall.backend = ours
    hall.advance(2.0)
    assert ours.usurper == 8


def test_a_cancelled_unit_gets_no_more_of_the_order() -> None:
    hall = Hall()
    hall.backend.connect()
    hall.release(0, 1, 2, 3, 4, 5)
    hall.advance(0.4)
    hall.ask(0, Request.CANCEL)
    reports = hall.advance(1.0)
    kept = int(reports.retractions.kept[0])
    assert reports.retractions.units.tolist() == [0]
    assert kept < 5
    hall.steps[0] = hall.steps[0][: kept + 1]
    hall.release(0, kept + 1, kept + 2)
    assert hall.wire.orders()[-1].order_id == f"7.2.{kept}"
    hall.settle()


def test_requests_reach_the_unit_and_their_echoes_the_courier() -> None:
    hall = Hall()
    hall.backend.connect()
    hall.ask(0, Request.PAUSE)
    reports = hall.advance(0.4)
    assert reports.conditions.flags.tolist() == [1]
    n_sent = len(hall.wire.sent)
    hall.advance(0.4)
    assert all(topic is Topic.HELLO for _, topic, _, _ in hall.wire.sent[n_sent:])
    hall.ask(0, Request.RESUME)
    assert hall.advance(0.4).conditions.flags.tolist() == [0]
    hall.release(0, LIFT)
    hall.units["U1"].motors.change(trouble=Trouble.LIFT_FAILED)
    reports = hall.advance(0.6)
    assert reports.faults.tolist() == [3]
    hall.ask(0, Request.RETRY)
    hall.settle()
    assert hall.units["U1"].motors.retries == 1


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_lost_units_do_what_was_released_in_that_order(seed: int) -> None:
    """Every message also keeps the rules of VDA 5050, single and in a row (backend_rig)."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    hall = Hall(n_units=3, loses=lambda serial, topic, payload: bool(rng.random() < 0.25))
    hall.backend.connect()
    wanted = [[] for _ in range(3)]
    columns, laden = [0] * 3, [False] * 3
    for _ in range(25):
        unit = int(rng.integers(3))
        steps: list[int | Act] = []
        for _ in range(int(rng.integers(1, 5))):
            if rng.random() < 0.2:
                steps.append(LOWER if laden[unit] else LIFT)
                laden[unit] = not laden[unit]
                continue
            step = (
                1
                if columns[unit] == 0 or (columns[unit] < N_COLS - 1 and rng.random() < 0.6)
                else -1
            )
            columns[unit] += step
            steps.append(columns[unit])
        beyond = columns[unit] + 1
        ahead = beyond if rng.random() < 0.5 and beyond < N_COLS else -1
        hall.release(unit, *steps, ahead=ahead)
        wanted[unit] += steps
        hall.advance(float(rng.choice([0.1, 0.4, 1.0])))
        if rng.random() < 0.1:
            hall.restart_and_resend()
    hall.settle()
    for unit, serial in enumerate(hall.roster.units):
        moves = hall.units[serial].motors.moves
        seen = [
            {MoveKind.LIFT: LIFT, MoveKind.LOWER: LOWER}.get(m.kind, round(m.x_m - 0.5))
            for m in moves
        ]
        assert seen == wanted[unit]


def test_all_messages_are_those_of_the_official_schemas() -> None:
    schemas = Schemas(schema_folder())
    hall = Hall(options={"labels": Labels(at=lambda cell: f"P{cell:05d}")})
    hall.backend.connect()
    hall.release(0, 1, LIFT, 2, LOWER, ahead=3, speed_m_s=0.5)
    hall.advance(0.4)
    hall.ask(0, Request.PAUSE, Request.RESUME, Request.RETRY, Request.CANCEL)
    hall.advance(1.0)
    topics = set()
    for _, topic, _, payload in hall.wire.sent:
        if payload:
            topics.add(topic)
            assert not list(schemas.faults(topic.value, json.loads(payload)))
    assert topics == {Topic.ORDER, Topic.INSTANT_ACTIONS}

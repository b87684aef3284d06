"""The drive agent does what it is ordered to, and says how far it is."""

from __future__ import annotations

from agent_rig import Rig

from hw_bridge.agent.motors import MoveKind


def test_it_drives_lifts_and_lowers_by_order() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, "pick", 2, "drop"])
    rig.order(path.order(0, 0, 4))
    assert [move.kind for move in rig.motors.moves] == [
        MoveKind.DRIVE, MoveKind.LIFT, MoveKind.DRIVE, MoveKind.LOWER,
    ]  # fmt: skip
    assert (rig.done(), rig.link.base, rig.link.cleared) == (0, 4, 0)
    assert [node.sequence_id for node in rig.state.node_states] == [2, 4, 6, 8]
    rig.run()
    assert (rig.state.last_node_id, rig.state.last_node_sequence_id) == ("c.1.2", 4)
    assert (rig.done(), rig.link.cleared) == (1, 1)
    assert [action.action_status for action in rig.state.action_states] == ["RUNNING", "WAITING"]
    rig.run()
    assert rig.done() == 2
    assert rig.state.loads is not None
    assert [load.load_type for load in rig.state.loads] == ["pod"]
    rig.run(2)
    assert (rig.done(), rig.link.base, rig.state.loads) == (4, 4, ())
    assert not rig.state.node_states
    assert [action.action_status for action in rig.state.action_states] == ["FINISHED", "FINISHED"]


def test_updates_lengthen_the_order() -> None:
    rig = Rig()
    path = rig.path(1, [0, 1, 2, "pick", 3])
    rig.order(path.order(0, 0, 1, n_ahead=1))
    assert rig.motors.hints == [(2.0, 0.0)]
    assert [node.released for node in rig.state.node_states] == [True, False]
    rig.order(path.order(1, 1, 2))
    assert (rig.state.order_update_id, len(rig.motors.moves)) == (1, 2)
    rig.run(2)
    rig.order(path.order(2, 2, 4))
    rig.run(2)
    assert (rig.done(), rig.link.base) == (4, 4)
    assert not rig.errors

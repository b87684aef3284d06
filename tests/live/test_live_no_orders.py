"""A fleet without orders of its own does what people add, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from live_twin import SCENARIO, Controller, make_world
from msgspec.structs import replace
from serve_command import PLAIN, runner, serve

from fleet_control.events import EventKind
from fleet_control.operations import NewOrders, Operation, OperationKind
from gridfleet.cli.main import app
from gridfleet.journalled import replay_run
from gridfleet.live.run import LiveRun
from gridfleet.scenario import NO_ORDERS, ScenarioError
from gridfleet.simulation import Simulation

IDLE = replace(SCENARIO, orders=NO_ORDERS)


class Counter:
    """Somebody who hands operations in: implements `gridfleet.live.run.Desk`."""

    def __init__(self) -> None:
        self.asked: list[Operation] = []
        self.refusals: list[str] = []

    def hear(self, run: LiveRun) -> list[Operation]:
        asked, self.asked = self.asked, []
        return asked

    def answer(self, refusals: Sequence[str]) -> None:
        self.refusals += refusals


def order_of(sku: int, name: str) -> Operation:
    row = [np.array([value], dtype=np.int32) for value in (0, sku, 1)]
    return Operation(OperationKind.ADD_ORDERS, orders=NewOrders((name,), np.array([np.inf]), *row))


def test_only_what_is_added_is_done(tmp_path: Path) -> None:
    path, world, desk = tmp_path / "live.journal", make_world(IDLE), Counter()
    controller = Controller(path, world, IDLE, desk=desk)
    controller.drive(20.0)
    work = controller.run.brain.setup.work
    assert (work.orders_placed, work.tasks_done, work.lines_done) == (0, 0, 0)
    desk.asked = [order_of(3, "A-1"), order_of(40, "A-2")]
    controller.drive(20.0)
    assert desk.refusals == ["", ""]
    controller.die()
    controller = Controller(path, world, desk=desk)
    ended = controller.drive(600.0)
    work = controller.run.brain.setup.work
    assert (work.orders_done, work.lines_done) == (2, 2)
    kinds = ended.record.events["kind"]
    assert np.count_nonzero(kinds == EventKind.ORDER_PLACED) == 2
    assert replay_run(path).outcome.difference == ""
    controller.die()


def test_goods_are_those_of_made_up_orders() -> None:
    some, none = make_world(SCENARIO), make_world(IDLE)
    np.testing.assert_array_equal(some.connect().pod_cells, none.connect().pod_cells)


def test_from_the_command_line_to_a_report(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, stdout, stderr = serve(
        tmp_path, *PLAIN, "--layout", "teaching", "--orders", "none", "--hours", "0.0003",
        "--out", str(out),
    )  # fmt: skip
    assert code == 0, stderr
    assert "report: " in stdout
    assert "no orders but those that people add" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("teaching", "--orders", "non"), "unknown orders 'non'; did you mean 'none'?"),
        (("teaching", "--orders", "none", "--preset", "online-retail"), "no order file is named"),
        (("sortation", "--orders", "none"), "leave that out to run sortation"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    code, _, stderr = serve(tmp_path, *PLAIN, "--layout", *options)
    assert (code, told in stderr) == (2, True), stderr


def test_nobody_adds_orders_to_a_simulated_run(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="nobody adds any to a simulated run"):
        Simulation(IDLE)
    found = runner.invoke(app, ["simulate", "teaching", "--orders", "none", "--out", str(tmp_path)])
    assert (found.exit_code, "leave that out for made-up orders" in found.stderr) == (2, True)

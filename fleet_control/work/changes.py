"""What operators change of the orders while pods are on their way.

Nothing that people have been given is taken from them, and nothing that a unit carries is left with
it: what is cancelled is only what nobody has begun.
"""

from __future__ import annotations

from fleet_control.operations import NewOrders
from fleet_control.work.intake import Intake
from fleet_control.work.inventory import Inventory
from fleet_control.work.lines import Part, WaitingLines
from fleet_control.work.tasks import CANCELLED_REST_S, Task, TaskBoard


class Changes:
    """Each method returns why it cannot be done, "" where it was done.

    running: task by unit, as the work keeps it. may_pick: whether any station picks.
    """

    def __init__(
        self, intake: Intake, inventory: Inventory, waiting: WaitingLines, board: TaskBoard,
        running: list[Task | None], may_pick: bool,
    ) -> None:  # fmt: skip
        self._intake, self._inventory, self._waiting = intake, inventory, waiting
        self._board, self._running, self._may_pick = board, running, may_pick

    def add_orders(self, new: NewOrders, now_s: float) -> str:
        """All of them, or none."""
        refusal = self._refusal(new)
        if not refusal:
            self._intake.add(new, now_s)
        return refusal

    def _refusal(self, new: NewOrders) -> str:
        skus, quantities = new.line_sku, new.line_quantity
        n_skus = self._inventory.n_skus
        if len(skus) and not (int(skus.min()) >= 0 and int(skus.max()) < n_skus):
            return f"SKUs are numbered 0 to {n_skus - 1}"
        if (quantities > 0).any() and not self._may_pick:
            return "there are lines to pick and no pick station"
        if (quantities < 0).any() and not self._inventory.n_pods:
            return "there are returns and no pod to put them on"
        known = [name for name in new.names if self._intake.lines.number_of(name) >= 0]
        return f"there is an order {known[0]!r} already" if known else ""

    def cancel_task(self, task: int, now_s: float) -> str:
        """Its lines are open again, for other pods, or for the same one later."""
        found = self._board.find(task)
        if found is None:
            return f"task {task} is not open"
        self._board.withdraw(found, now_s, CANCELLED_REST_S)
        return ""

    def cancel_order(self, order: int, now_s: float) -> str:
        """What people have not been given of it is not wanted any more."""
        lines = self._intake.lines
        if not 0 <= order < len(lines.placed_s):
            return f"there is no order of number {order}"
        match self._intake.state_of(order):
            case "waiting":
                self._intake.cancel_waiting(order, now_s)
            case "open":
                self._cancel_open(order, now_s)
            case "known":
                return f"order {lines.name_of(order)!r} is not placed yet"
            case state:
                return f"order {lines.name_of(order)!r} is {state} already"
        return ""

    def _cancel_open(self, order: int, now_s: float) -> None:
        """Its lines leave the lines that wait and what pods are to do; people keep theirs."""
        station, left = self._intake.open_lines(order)
        for line in left:
            sku = self._intake.sku_of(line)
            units = self._waiting.forget(station, line, sku)
            if units > 0:
                self._inventory.take_back_promise(sku, units)
        kept: dict[int, int] = {}
        for task in self._tasks_for(station):
            for line in left.keys() & task.in_job.keys():
                kept[line] = kept.get(line, 0) + abs(task.in_job[line])
            self._drop_parts(task, [part for part in task.parts if part[0] in left])
        self._intake.cancel_open(order, kept, now_s)
        for task in self._board.all_open():
            if not task.parts:
                self._board.withdraw(task, now_s)

    def _tasks_for(self, station: int) -> list[Task]:
        """Open and begun."""
        running = [task for task in self._running if task is not None]
        return [task for task in (*self._board.all_open(), *running) if task.station == station]

    def _drop_parts(self, task: Task, parts: list[Part]) -> None:
        for line, units in parts:
            task.parts.remove((line, units))
            if units > 0:
                sku = self._intake.sku_of(line)
                self._waiting.free_again(task.pod, sku, units)
                self._inventory.take_back_promise(sku, units)

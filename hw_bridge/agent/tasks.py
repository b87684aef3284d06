"""Actions of an order, in the sequence in which they are to be done (VDA 5050, section 6.2.2).

Lifting and lowering are moves of the motors and done in turn with driving, alone: whatever their
blocking type allows beside them is not made use of. All others are done by tools, as many at a time
as their blocking types allow. A move is given to the motors only when no tool at work, or still to
work before it, stands against that: motors do not stop on a point by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw_bridge.agent.motors import MoveKind, Senses
from hw_bridge.agent.tools import Tool
from hw_bridge.vda5050.action import Action, ActionState, ActionStatus, BlockingType
from hw_bridge.vda5050.names import DROP, PICK

LIFTING = {PICK: MoveKind.LIFT, DROP: MoveKind.LOWER}
ALONE = (BlockingType.SINGLE, BlockingType.HARD)
STANDING = (BlockingType.SOFT, BlockingType.HARD)


@dataclass(slots=True, eq=False)
class Task:
    """node: index in the order. move: number of the move that it is, 0 for one of a tool.
    has_begun: its tool is at work."""

    action: Action
    node: int
    move: int = 0
    status: ActionStatus = ActionStatus.WAITING
    result: str = ""
    has_begun: bool = False

    def state(self) -> ActionState:
        return ActionState(
            action_id=self.action.action_id,
            action_type=self.action.action_type,
            action_status=self.status,
            action_result=self.result,
        )


def is_held_back(tasks: Sequence[Task], node: int, task: Task | None) -> bool:
    """Whether the motors may not have a move of that node yet; task: what it does there, if it is
    no drive."""
    for other in tasks:
        if other is task or other.node > node:
            return False
        if other.move or other.status.is_over:
            continue
        if task is not None or (other.node < node and other.action.blocking_type in STANDING):
            return True
    return False


def follow_moves(tasks: Sequence[Task], senses: Senses, given: int, is_paused: bool) -> None:
    """Say how far lifting and lowering are, by what the motors have done."""
    for task in tasks:
        if not task.move or task.status.is_over:
            continue
        if task.move <= senses.n_done:
            task.status = ActionStatus.FINISHED
        elif task.move > given or task.move > senses.n_done + 1:
            task.status = ActionStatus.WAITING
        elif senses.trouble is not None:
            task.status, task.result = ActionStatus.RETRIABLE, senses.trouble.value
        else:
            task.status = ActionStatus.PAUSED if is_paused else ActionStatus.RUNNING
            task.result = ""


def work(tasks: Sequence[Task], last_node: int, tools: dict[str, Tool], now_s: float) -> None:
    """Go through the queue of those whose node has been reached (figure 11)."""
    is_anything_at_work = False
    for task in tasks:
        if task.node > last_node:
            return
        if task.status.is_over:
            continue
        is_alone = bool(task.move) or task.action.blocking_type in ALONE
        if not task.move:
            if not task.has_begun:
                if is_alone and is_anything_at_work:
                    return
                _begin(task, tools[task.action.action_type], now_s)
            task.status = tools[task.action.action_type].look(task.action, now_s)
        if task.status.is_over:
            continue
        if is_alone:
            return
        is_anything_at_work = True


def _begin(task: Task, tool: Tool, now_s: float) -> None:
    task.has_begun = True
    tool.begin(task.action, now_s)


def give_up(tasks: Sequence[Task], kept: int, tools: dict[str, Tool]) -> None:
    """What has not begun fails, tools at work are stopped; the last move kept goes on."""
    for task in tasks:
        if task.status.is_over or (task.move and task.move <= kept):
            continue
        if task.has_begun:
            tools[task.action.action_type].stop(task.action)
        task.status, task.result = ActionStatus.FAILED, "cancelled"

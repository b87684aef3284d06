"""Instant actions: taken once, whatever the order, and told until they are cleared (section 6.2.1).

Pauses and retries are numbered by their actionId, so that of a pause and its end the later one
counts, whichever comes last.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

from hw_bridge.agent.complaints import INVALID_INSTANT_ACTION, Complaints
from hw_bridge.agent.tasks import Task
from hw_bridge.agent.tools import Tool
from hw_bridge.vda5050.action import Action, ActionState, ActionStatus
from hw_bridge.vda5050.names import instant_named

CLEAR_INSTANT_ACTIONS = "clearInstantActions"
REMEMBERED = 256
"""Actions whose names are known after they have left the state: a second copy does nothing."""
Obey = Callable[[Action], None]


class Instants:
    """obeyed: what to do, by action type. has_news: since somebody set it False."""

    def __init__(
        self, obeyed: Mapping[str, Obey], tools: Mapping[str, Tool], complaints: Complaints,
        max_states: int,
    ) -> None:  # fmt: skip
        self._obeyed = {**obeyed, CLEAR_INSTANT_ACTIONS: self._clear}
        self._tools, self._complaints, self._max_states = tools, complaints, max_states
        self._states: OrderedDict[str, ActionState] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._newest: dict[str, int] = {}
        self._at_work: list[Task] = []
        self.has_news = False

    def take(self, action: Action, fault: str, now_s: float) -> None:
        """Do it, or say why not. fault: of the message that it came in."""
        if action.action_id in self._known:
            return
        obey, tool = self._obeyed.get(action.action_type), self._tools.get(action.action_type)
        if obey is None and not fault:
            can = tool is not None and "INSTANT" in tool.scopes
            fault = f"it cannot {action.action_type} at once" if not can else ""
        if obey is None and tool is not None and not fault:
            fault = "; ".join(tool.faults(action))
        if fault:
            self.note(action, ActionStatus.FAILED, fault)
            self._complaints.refuse_instant(INVALID_INSTANT_ACTION, fault, action.action_id)
            return
        self._complaints.forget(INVALID_INSTANT_ACTION)
        if obey is not None:
            obey(action)
        elif tool is not None:
            tool.begin(action, now_s)
            self._at_work.append(Task(action, 0, has_begun=True))
            self.note(action, ActionStatus.RUNNING)

    def is_overtaken(self, action: Action, kind: str) -> bool:
        """Whether a later one of that kind has come before; remembers it if not."""
        named = instant_named(action.action_id)
        if named is None:
            return False
        if named[1] <= self._newest.get(kind, 0):
            return True
        self._newest[kind] = named[1]
        return False

    def note(self, action: Action, status: ActionStatus, result: str = "") -> None:
        state = Task(action, 0, status=status, result=result).state()
        self._known[action.action_id] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self.has_news |= self._states.get(action.action_id) != state
        self._states[action.action_id] = state
        over = [name for name, state in self._states.items() if state.action_status.is_over]
        for name in over[: max(0, len(self._states) - self._max_states)]:
            del self._states[name]

    def finish(self, action: Action) -> None:
        self.note(action, ActionStatus.FINISHED)

    def _clear(self, action: Action) -> None:
        """Leave out those that are over."""
        for name in [name for name, state in self._states.items() if state.action_status.is_over]:
            del self._states[name]
        self.finish(action)

    @property
    def is_busy(self) -> bool:
        return bool(self._at_work)

    def work(self, now_s: float) -> None:
        """See how far tools are."""
        for task in self._at_work:
            task.status = self._tools[task.action.action_type].look(task.action, now_s)
            self.note(task.action, task.status)
        self._at_work = [task for task in self._at_work if not task.status.is_over]

    def states(self) -> tuple[ActionState, ...]:
        return tuple(self._states.values())

"""Where operators are heard and answered, between two cycles of the loop.

What changes nothing is answered at once. Anything else becomes operations of the next step and is
answered when that is on disk. An answer may be lost, so whoever asks again, with the same id, gets
the same answer, and nothing is done twice.
"""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import numpy as np

from fleet_control.operations import Operation
from gridfleet.live.control import Asked
from gridfleet.live.requests import Reply, Request, RequestError, Status, decode_request
from gridfleet.live.run import LiveRun
from gridfleet.live.translate import Fleet, operations_of

REMEMBERED = 2000
"""Answers that are kept for those that ask again."""
_log = logging.getLogger("gridfleet")


class Socket(Protocol):
    """As gridfleet.live.control.ControlSocket."""

    def take(self) -> list[Asked]: ...

    def send(self, route: bytes, payload: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class _Pending:
    asked: Asked
    request: Request
    n_operations: int


def _plain(value: object) -> object:
    """Numbers of numpy as those of Python."""
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"no JSON for {type(value).__name__}")


class OperatorDesk:
    """Implements gridfleet.live.run.Desk. status: everything there is to tell of a run.

    counts: requests by command and outcome: done, refused."""

    def __init__(self, socket: Socket, status: Callable[[LiveRun], dict[str, Any]]) -> None:
        self._socket, self._status = socket, status
        self._pending: list[_Pending] = []
        self._answers: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self.counts: Counter[tuple[str, str]] = Counter()

    def hear(self, run: LiveRun) -> list[Operation]:
        operations: list[Operation] = []
        for asked in self._socket.take():
            try:
                operations += self._hear(asked, run)
            except Exception:  # nobody may stop the fleet by asking
                _log.exception("a request of %s could not be answered", asked.operator)
                self._reply(asked, "", errors=["the controller could not answer; see its log"])
        return operations

    def _hear(self, asked: Asked, run: LiveRun) -> list[Operation]:
        try:
            request = decode_request(asked.payload)
        except RequestError as error:
            self._reply(asked, error.args[1], errors=str(error.args[0]).splitlines())
            return []
        if self._is_known(asked, request.id):
            return []
        if isinstance(request, Status):
            self._reply(asked, request.id, self._status(run))
            return []
        fleet = Fleet(run.books.head.units, run.books.ground.layout, run.brain, run.time.now_s())
        try:
            operations = operations_of(request, fleet)
        except RequestError as error:
            self._settle(_Pending(asked, request, 0), str(error).splitlines())
            return []
        self._pending.append(_Pending(asked, request, len(operations)))
        return operations

    def _is_known(self, asked: Asked, number: str) -> bool:
        """Whether this has been asked before; then it is answered as before, or will be."""
        key = (asked.operator, number)
        if not number:
            return False
        if key in self._answers:
            self._socket.send(asked.route, self._answers[key])
            return True
        return any((one.asked.operator, one.request.id) == key for one in self._pending)

    def answer(self, refusals: Sequence[str]) -> None:
        pending, self._pending = self._pending, []
        first = 0
        for one in pending:
            said = refusals[first : first + one.n_operations]
            first += one.n_operations
            self._settle(one, [text for text in said if text])

    def _settle(self, one: _Pending, errors: Sequence[str]) -> None:
        command = str(type(one.request).__struct_config__.tag)
        self.counts[command, "refused" if errors else "done"] += 1
        _log.info(
            "operator %s: %s%s", one.asked.operator, command,
            f" refused: {'; '.join(errors)}" if errors else "",
        )  # fmt: skip
        payload = self._reply(one.asked, one.request.id, errors=errors)
        if one.request.id:
            self._answers[one.asked.operator, one.request.id] = payload
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)

    def _reply(
        self, asked: Asked, number: str, result: dict[str, Any] | None = None,
        errors: Sequence[str] = (),
    ) -> bytes:  # fmt: skip
        reply = Reply(id=number, ok=not errors, errors=tuple(errors), result=result or {})
        payload = msgspec.json.encode(reply, enc_hook=_plain)
        self._socket.send(asked.route, payload)
        return payload

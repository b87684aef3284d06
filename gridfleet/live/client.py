"""An operator's end of the control socket: ask, and ask again until there is an answer."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import zmq

from gridfleet.live.requests import Reply, nearest
from gridfleet.wire_errors import wire_errors_as
from hw_bridge.wire.keys import DeviceSecret, KeyStore, Role, as_client, load_device
from layouts import GridfleetError

ASK_AGAIN_S = 2.0


class ControlError(GridfleetError, OSError):
    """No answer, or no way to ask."""


class OperatorClient:
    """Asks one controller. device: the operator's key; None where the socket has no keys."""

    def __init__(self, address: str, device: DeviceSecret | None, timeout_s: float = 10.0) -> None:
        self._address, self._timeout_s = address, timeout_s
        self._device = device
        self._context = zmq.Context[zmq.Socket[bytes]]()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.immediate = 1
        self._socket.reconnect_ivl = 100
        if device is not None:
            as_client(self._socket, device)
        try:
            self._socket.connect(address)
        except zmq.ZMQError:
            self.close()
            raise ControlError(
                f"{address}: no address; give one such as tcp://127.0.0.1:5556"
            ) from None

    def ask(self, command: str, **fields: Any) -> Reply:
        """The answer. Raises ControlError where there is none in time."""
        number = secrets.token_hex(8)
        payload = msgspec.json.encode({"id": number, "command": command, **fields})
        end_s = time.monotonic() + self._timeout_s
        while (left_s := end_s - time.monotonic()) > 0:
            if not self._send(payload, left_s):
                break
            reply = self._wait(number, min(ASK_AGAIN_S, end_s - time.monotonic()))
            if reply is not None:
                return reply
        raise ControlError(self._say_silent())

    def _send(self, payload: bytes, left_s: float) -> bool:
        if not self._socket.poll(round(left_s * 1000), zmq.POLLOUT):
            return False
        self._socket.send(payload)
        return True

    def _wait(self, number: str, left_s: float) -> Reply | None:
        end_s = time.monotonic() + left_s
        while self._socket.poll(max(0, round((end_s - time.monotonic()) * 1000))):
            reply = msgspec.json.decode(self._socket.recv(), type=Reply)
            if reply.id in (number, ""):
                return reply
        return None

    def _say_silent(self) -> str:
        told = (
            f"{self._address}: no answer within {self._timeout_s:g} s. Is gridfleet serve running"
        )
        if self._device is None:
            return f"{told}, and its control socket there?"
        return (
            f"{told}, its control socket there, and {self._device.serial} an operator in its key "
            "folder (gridfleet keys list)?"
        )

    def close(self) -> None:
        self._socket.close()
        self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def operator_key(keys: Path, name: str = "") -> DeviceSecret:
    """The key of an operator: from their own file, or from the controller's folder of keys, where
    `name` may be left out if there is only one. Raises ControlError."""
    with wire_errors_as(ControlError):
        if keys.is_file():
            return _as_operator(load_device(keys), keys)
        store = KeyStore(keys)
        names = [entry.serial for entry in store.devices(Role.OPERATOR)]
        if name and name not in names:
            raise ControlError(f"{keys}: no operator {name!r}; {nearest(name, names)}")
        if not name and len(names) != 1:
            cure = (
                f"say which with --as: {', '.join(names)}"
                if names
                else f"make one: gridfleet keys add NAME --role operator --dir {keys}"
            )
            raise ControlError(f"{keys}: {len(names)} operators have keys here; {cure}")
        return store.secret_of(name or names[0])


def _as_operator(device: DeviceSecret, path: Path) -> DeviceSecret:
    if device.role is not Role.OPERATOR:
        raise ControlError(f"{path}: {device.serial} is a {device.role}, not an operator")
    return device

"""Where everything really is, told beside the bridge: for an oracle or a viewer, for nobody else.

A PUB socket sends three frames: the topic `truth`, a msgpack map, and float32[n_units, 4] in little
endian: x and y in metres, yaw in radians, and the pod carried or -1; nan for units that are not on
the floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Self

import msgspec
import numpy as np
import zmq
from numpy.typing import NDArray

from gridfleet.emulator.sockets import SocketError
from hw_bridge.wire.addresses import is_local
from hw_bridge.wire.errors import WireError
from twin.kinematic.engine import KinematicTwin

TOPIC = b"truth"
EVERY_S = 0.05
"""Of the fleet's time: 20 a second."""
COLUMNS = 4


class TruthHead(msgspec.Struct, frozen=True, kw_only=True):
    """number: counts the messages. contacts: so many times have bodies touched so far.
    late_s: how far the emulator is behind real time."""

    number: int
    time_s: float
    n_units: int
    contacts: int
    late_s: float = 0.0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(TruthHead).decode


class TruthPublisher:
    """Raises SocketError for an address that cannot be bound, or that others can reach."""

    def __init__(self, address: str) -> None:
        _check(address)
        self._context = zmq.Context[zmq.Socket[bytes]]()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.linger, self._socket.sndhwm = 0, 100
        self._next_s, self._number = float("-inf"), 0
        try:
            self._socket.bind(address)
        except zmq.ZMQError as error:
            self.close()
            raise SocketError(
                f"--truth {address!r}: cannot be bound: {error.strerror}; such as "
                "tcp://127.0.0.1:5560"
            ) from None
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")

    def tell(self, twin: KinematicTwin, late_s: float) -> None:
        """Send where everything is, if it is time for that."""
        if twin.time_s < self._next_s - 1e-9:
            return
        self._next_s = max(self._next_s + EVERY_S, twin.time_s)
        self._number += 1
        head = TruthHead(
            number=self._number, time_s=twin.time_s, n_units=len(twin.units),
            contacts=twin.n_contacts, late_s=late_s,
        )  # fmt: skip
        columns = np.empty((len(twin.units), COLUMNS), dtype="<f4")
        columns[:, :3] = twin.poses()
        columns[:, 3] = twin.units["carried"]
        self._socket.send_multipart((TOPIC, _encode(head), columns.tobytes()))

    def close(self) -> None:
        self._socket.close()
        self._context.term()


def _check(address: str) -> None:
    try:
        is_ours = is_local(address)
    except WireError as error:
        raise SocketError(f"--truth {error}") from None
    if not is_ours:
        raise SocketError(
            f"--truth {address}: others can reach this address, and true poses are told to anybody "
            "who asks; give a loopback address such as tcp://127.0.0.1:5560"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """poses: float32[n_units, 3], x, y, yaw. carried: int32[n_units], pod or -1."""

    head: TruthHead
    poses: NDArray[np.float32]
    carried: NDArray[np.int32]


class TruthReader:
    """`with TruthReader(address) as reader: truth = reader.read(2.0)`."""

    def __init__(self, address: str) -> None:
        self._context = zmq.Context[zmq.Socket[bytes]]()
        self.socket = self._context.socket(zmq.SUB)
        self.socket.linger = 0
        self.socket.subscribe(TOPIC)
        self.socket.connect(address)

    def read(self, patience_s: float) -> Truth | None:
        """The next one, or None where none comes in time."""
        if not self.socket.poll(round(1000.0 * patience_s)):
            return None
        _, head, data = self.socket.recv_multipart()
        columns = np.frombuffer(data, dtype="<f4").reshape(-1, COLUMNS)
        carried = np.nan_to_num(columns[:, 3], nan=-1.0).astype(np.int32)
        return Truth(_decode(head), columns[:, :3].astype(np.float32), carried)

    def latest(self, patience_s: float) -> Truth | None:
        """The newest that has come; waits only where none has."""
        truth = self.read(patience_s)
        while truth is not None and (newer := self.read(0.0)) is not None:
            truth = newer
        return truth

    def close(self) -> None:
        self.socket.close()
        self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

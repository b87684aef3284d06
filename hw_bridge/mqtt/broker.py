"""The connection to the broker: paho-mqtt in its own thread, a queue, and a pipe to wake up by.

All that a message means is looked at in the thread of the controller; the one of paho only puts it
down. What is published while there is no connection is dropped: it will be published anew.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hw_bridge.mqtt.options import NO_PAHO, MqttError, MqttOptions
from hw_bridge.wire.frames import MAX_MESSAGE_BYTES
from hw_bridge.wire.refusals import Refused

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

MOST_QUEUED = 20_000
KEEPALIVE_S = 10
UP_TOPICS = ("connection", "state", "factsheet")


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it came. is_retained: the broker had kept it; it may be of any age."""

    topic: str
    payload: bytes
    is_retained: bool


class Broker:
    """is_connected: to the broker. refusal: why it does not let us in, or we do not trust it, ""
    while neither is so, or it is not there. absence: why it is not reached, as the system says it.
    dropped: messages that were too large or too many."""

    def __init__(self, options: MqttOptions) -> None:
        """Raises MqttError where there is no paho-mqtt, or no file of a password. A broker that is
        not there yet is waited for."""
        self._options = options
        self._queue: deque[Heard] = deque()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self.is_connected = False
        self.dropped = {Refused.OVERSIZED: 0, Refused.FLOOD: 0}
        self.refusal = self.absence = ""
        try:
            self._client = _client(options)
        except BaseException:
            self._close_pipe()
            raise
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.connect_async(options.address.host, options.address.port, KEEPALIVE_S)
        self._client.loop_start()

    @property
    def wake_fd(self) -> int:
        """Can be read when there is something to take."""
        return self._wake_read

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._wake_write, b"x")

    def take(self) -> list[Heard]:
        with contextlib.suppress(BlockingIOError):
            while len(os.read(self._wake_read, 4096)) == 4096:
                pass
        taken = []
        while self._queue:
            taken.append(self._queue.popleft())
        return taken

    def publish(self, topic: str, payload: bytes) -> bool:
        """Quality of service 0, as VDA 5050 wants it for orders; False where it cannot go out."""
        if not self.is_connected:
            return False
        return bool(self._client.publish(topic, payload, qos=0).rc == 0)

    def close(self) -> None:
        """Also a second time."""
        if self._wake_read < 0:
            return
        self._client.disconnect()
        self._client.loop_stop()
        self._close_pipe()

    def _close_pipe(self) -> None:
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._wake_read = self._wake_write = -1

    # In the thread of paho.

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            self.refusal = str(reason)
            return
        self.refusal = self.absence = ""
        for interface in self._options.interfaces:
            client.subscribe([(f"{interface}/+/+/+/{topic}", 1) for topic in UP_TOPICS])
        self.is_connected = True
        self.wake()

    def _on_connect_fail(self, *_: Any) -> None:
        error = sys.exception()  # paho does not hand it on, and calls this where it has caught it
        if isinstance(error, ssl.SSLError):
            self.refusal = f"TLS: {_say_tls(error)}"
        elif isinstance(error, OSError):
            self.absence = error.strerror or str(error)
        self.wake()

    def _on_disconnect(self, *_: Any) -> None:
        self.is_connected = False
        self.wake()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if len(message.payload) > MAX_MESSAGE_BYTES:
            self.dropped[Refused.OVERSIZED] += 1
            return
        if len(self._queue) >= MOST_QUEUED:
            self.dropped[Refused.FLOOD] += 1
            return
        self._queue.append(Heard(message.topic, bytes(message.payload), bool(message.retain)))
        self.wake()


def _say_tls(error: ssl.SSLError) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return f"{error.reason or error}; does it speak TLS on this port?"
    return (
        f"its certificate is not trusted: {error.verify_message}; name the file of the authority "
        "that has signed it (--mqtt-ca)"
    )


def _client(options: MqttOptions) -> Client:
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion
    except ModuleNotFoundError:
        raise MqttError(NO_PAHO) from None
    client = Client(CallbackAPIVersion.VERSION2)
    client.reconnect_delay_set(1, 10)
    address = options.address
    if address.username:
        client.username_pw_set(address.username, options.password())
    if address.is_tls:
        client.tls_set_context(options.tls())
    return client

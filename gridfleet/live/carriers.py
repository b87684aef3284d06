"""What carries messages of a live fleet: the devices' socket, a broker's gateway, the wire log."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from gridfleet.live.books import LiveBooks
from gridfleet.live.options import ServeError, ServeOptions
from hw_bridge.mqtt.options import INTERFACES, MqttOptions, broker_address, check_named
from hw_bridge.mqtt.transport import MqttTransport
from hw_bridge.transport import RealTime, Transport
from hw_bridge.transports import OnMessage
from hw_bridge.wire.keys import KeyStore, Role
from hw_bridge.wire.server import ServerOptions, ZmqTransport


def device_socket(
    options: ServeOptions, store: KeyStore | None, units: Sequence[str], stations: Sequence[str]
) -> ZmqTransport:
    """Where units and stations connect. Raises WireError for addresses that cannot be bound."""
    n_speed = max(options.speed, 1.0)
    server = ServerOptions(
        rate_per_s=100.0 * n_speed, burst=300.0 * n_speed,
        insecure_plaintext_on_network=options.insecure_plaintext_on_network,
    )  # fmt: skip
    serials = None
    if store is None:
        serials = dict.fromkeys(units, Role.UNIT) | dict.fromkeys(stations, Role.STATION)
    return ZmqTransport(options.binds, store, serials=serials, options=server)


def broker_of(options: ServeOptions) -> MqttOptions | None:
    """How the broker is reached; None where there is none. Raises a GridfleetError for an address
    and files that cannot be used, and for words about a broker that is not named."""
    words = {
        "--mqtt-unit": options.mqtt_units, "--mqtt-interface": options.mqtt_interfaces,
        "--mqtt-password": options.mqtt_password, "--mqtt-ca": options.mqtt_ca,
    }  # fmt: skip
    check_named(options.mqtt, words)
    if not options.mqtt:
        return None
    broker = MqttOptions(
        broker_address(options.mqtt), options.mqtt_interfaces or INTERFACES,
        password_file=options.mqtt_password, ca_file=options.mqtt_ca,
    )  # fmt: skip
    broker.check()
    return broker


def gateway(
    broker: MqttOptions, options: ServeOptions, store: KeyStore | None, books: LiveBooks,
    time: RealTime,
) -> Transport:  # fmt: skip
    """For the vehicles behind a broker: those of the roster that have no key."""
    keyed = {entry.serial for entry in store.devices(Role.UNIT)} if store is not None else set()
    serials = [serial for serial in books.head.units if serial not in keyed]
    folder = options.journal.with_name(options.journal.name + ".vehicles")
    return MqttTransport(books.ground.layout, serials, broker, folder, clock=time.now_s)


def wire_log(path: Path | None, stack: ExitStack) -> OnMessage | None:
    """Told of every message; None where nobody wants a log."""
    if path is None:
        return None
    from hw_bridge.wire_log import WireLog

    try:
        log = stack.enter_context(WireLog(path))
    except OSError as error:
        raise ServeError(f"{path}: cannot be written: {error.strerror}; see --wire-log") from None
    return log.note

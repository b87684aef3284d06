"""What an operator says about the broker and the vehicles behind it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from fleet_control.errors import FleetError
from hw_bridge.mqtt.progress import DriverOptions

INTERFACES = ("vda5050", "uagv")
"""First levels of topics in use: of version 3, and of versions before."""
PORT, TLS_PORT = 1883, 8883
NO_PAHO = "vehicles behind a broker need paho-mqtt: pip install 'gridfleet[mqtt]'"


class MqttError(FleetError, ValueError):
    """No broker there, or none that can be used; the text says why and the cure."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    host: str
    port: int
    is_tls: bool = False
    username: str = ""

    def __str__(self) -> str:
        return f"mqtt{'s' * self.is_tls}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class MqttOptions:
    """interfaces: first levels of the topics, an operator's choice. password_file: what is in its
    first line; passwords are never on a command line. ca_file: certificates that sign the broker's,
    None for those of the system. factsheet_s: so long a vehicle's factsheet is waited for."""

    address: BrokerAddress
    interfaces: tuple[str, ...] = INTERFACES
    password_file: Path | None = None
    ca_file: Path | None = None
    driver: DriverOptions = field(default_factory=DriverOptions)
    factsheet_s: float = 2.0

    def __post_init__(self) -> None:
        faults = [name for name in self.interfaces if not name or set(name) & set("/+#$")]
        if faults or not self.interfaces:
            raise MqttError(
                f"interface {', '.join(map(repr, faults)) or 'names'}: one level of a topic, such "
                f"as {INTERFACES[0]}, without / + # $"
            )
        if self.password_file is not None and not self.address.username:
            raise MqttError(
                f"{self.address}: a password, and nobody whose it is; name the user in the "
                f"address, as mqtt://USER@{self.address.host}"
            )
        if self.ca_file is not None and not self.address.is_tls:
            raise MqttError(
                f"{self.address}: certificates are of no use without TLS; write "
                f"mqtts://{self.address.host}"
            )

    def password(self) -> str | None:
        if self.password_file is None:
            return None
        try:
            if self.password_file.stat().st_mode & 0o077:
                raise MqttError(
                    f"{self.password_file}: others can read it; chmod 600 {self.password_file}"
                )
            return self.password_file.read_text(encoding="utf-8").splitlines()[0]
        except (OSError, IndexError, UnicodeDecodeError):
            raise MqttError(
                f"{self.password_file}: cannot be read, or is empty; write the password of the "
                "broker into its first line"
            ) from None

    def check(self) -> None:
        """Raises MqttError for what only turns out when the broker is to be reached."""
        if find_spec("paho") is None:
            raise MqttError(NO_PAHO)
        self.password()
        if self.address.is_tls:
            self.tls()

    def tls(self) -> ssl.SSLContext:
        """What the broker has to prove. Raises MqttError for a file without certificates."""
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:  # of TLS, too
            why = getattr(error, "reason", None) or error.strerror or str(error)
            raise MqttError(f"{self.ca_file}: no certificates can be read there: {why}") from None


def check_named(url: str, words: Mapping[str, object]) -> None:
    """Raises MqttError for words of a command line about a broker that is not named. words: what
    was said with each, if anything."""
    loose = [word for word, value in words.items() if value]
    if loose and not url:
        raise MqttError(f"{', '.join(loose)}: of no use without a broker; name it with --mqtt")


def broker_address(url: str) -> BrokerAddress:
    """Of mqtt://[USER@]HOST[:PORT], or mqtts:// for TLS. Raises MqttError."""
    usage = "write mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise MqttError(f"{url}: {error}; {usage}") from None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise MqttError(f"{url}: is no address of a broker; {usage}")
    if parts.password is not None:
        raise MqttError("a password on the command line can be read by others; put it into a file")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise MqttError(f"{url}: has something behind the port; {usage}")
    is_tls = parts.scheme == "mqtts"
    return BrokerAddress(
        parts.hostname, port or (TLS_PORT if is_tls else PORT), is_tls, parts.username or ""
    )

"""What an operator says about the broker and the vehicles behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from fleet_control.errors import FleetError
from hw_bridge.mqtt.progress import DriverOptions

INTERFACES = ("vda5050", "uagv")
"""First levels of topics in use: of version 3, and of versions before."""
PORT, TLS_PORT = 1883, 8883


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

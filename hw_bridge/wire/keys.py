"""Who may connect: one CURVE key pair for each device and operator, kept as files in a folder.

    server.toml             the server's public key
    server.secret.toml      its secret key; stays on the controller's machine
    devices/SERIAL.toml     serial, role and public key of everybody who may connect
    secrets/SERIAL.toml     all that this device needs: take it to the device and delete it here
    revoked/SERIAL.N.toml   public keys that are refused for good

Keys are in the printable form of ZeroMQ (Z85, 40 characters). Secret files can be read by their
owner alone, and one that others can read is refused. A device is what the file of its public key
says: the serial is bound to the key, whatever a device claims to be.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec
import zmq
from zmq.utils import z85

from hw_bridge.vda5050.names import ID_PATTERN
from hw_bridge.wire.errors import WireError, did_you_mean

MAX_SERIAL = 64
_RECENT_NS = 2_000_000_000
"""A folder that was changed so short a time ago may change again with the same time stamp."""
_DEVICES, _SECRETS, _REVOKED = "devices", "secrets", "revoked"


class Role(StrEnum):
    """What the holder of a key is."""

    UNIT = "unit"
    STATION = "station"
    OPERATOR = "operator"


class DeviceKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """public: Z85."""

    serial: str
    role: Role
    public: str


class DeviceSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a device needs to connect. server: the server's public key. Z85, all of them."""

    serial: str
    role: Role
    public: str
    secret: str
    server: str

    def __repr__(self) -> str:
        return f"DeviceSecret({self.serial!r})"  # the secret shall not get into any log


class _Public(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    public: str


class _Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    secret: str


Content = TypeVar("Content", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Revoked:
    serial: str
    public: str


class KeyStore:
    """The folder, and what it held when it was last looked at."""

    def __init__(self, folder: Path) -> None:
        """Opens a folder that `create` has made. Raises WireError."""
        self.folder = folder
        if not (folder / "server.toml").is_file():
            raise WireError(f"{folder}: no keys here; make some with gridfleet keys init")
        self.server_public = _read(folder / "server.toml", _Public).public
        _check_key(self.server_public, folder / "server.toml")
        self._devices: dict[str, DeviceKey] = {}
        self._by_key: dict[str, DeviceKey] = {}
        self._stamp_ns = -1
        self.reload()

    @classmethod
    def create(cls, folder: Path) -> KeyStore:
        """A new folder with a key pair for the server."""
        if (folder / "server.toml").exists() or (folder / "server.secret.toml").exists():
            raise WireError(
                f"{folder}: there are keys here already; gridfleet keys add makes more, and a "
                "new server key would shut out all devices"
            )
        for name in (_DEVICES, _REVOKED):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / _SECRETS).mkdir(mode=0o700, exist_ok=True)
        public, secret = _new_pair()
        _write(folder / "server.secret.toml", {"secret": secret}, is_secret=True)
        _write(folder / "server.toml", {"public": public})
        return cls(folder)

    def server_secret(self) -> str:
        """The server's secret key. Raises WireError where others can read its file."""
        path = self.folder / "server.secret.toml"
        return _checked(_read_secret(path, _Secret).secret, path)

    def add(self, serial: str, role: Role) -> Path:
        """A key pair for somebody new. Returns the file to be taken to the device."""
        check_serial(serial)
        self.reload()
        known = self._devices.get(serial)
        if known is not None:
            raise WireError(
                f"{serial}: has a key already, as {known.role}; gridfleet keys revoke takes it away"
            )
        public, secret = _new_pair()
        entry = {"serial": serial, "role": str(role), "public": public}
        path = self.secret_path(serial)
        path.unlink(missing_ok=True)  # of a key that was never taken into use
        _write(path, {**entry, "secret": secret, "server": self.server_public}, is_secret=True)
        # The key counts from here on: with its secret written, whatever happens.
        _write(self.folder / _DEVICES / f"{serial}.toml", entry)
        self._note(DeviceKey(serial=serial, role=role, public=public))
        return path

    def _note(self, device: DeviceKey) -> None:
        """A file that has just been written here: no need to read all the others again."""
        self._devices[device.serial] = self._by_key[device.public] = device
        self._stamp_ns = (self.folder / _DEVICES).stat().st_mtime_ns

    def revoke(self, serial: str) -> None:
        """From now on the key is refused; a controller that runs drops its connection."""
        self.reload()
        if serial not in self._devices:
            raise WireError(f"{serial}: has no key here{did_you_mean(serial, self._devices)}")
        number = 1 + sum(entry.serial == serial for entry in self.revoked())
        path = self.folder / _DEVICES / f"{serial}.toml"
        path.rename(self.folder / _REVOKED / f"{serial}.{number}.toml")
        self.secret_path(serial).unlink(missing_ok=True)
        self.reload(is_forced=True)

    def secret_path(self, serial: str) -> Path:
        return self.folder / _SECRETS / f"{serial}.toml"

    def secret_of(self, serial: str) -> DeviceSecret:
        """What the device needs, where its secret has not been taken away from here."""
        path = self.secret_path(serial)
        if not path.exists() and serial not in self._devices:
            raise WireError(f"{serial}: has no key here{did_you_mean(serial, self._devices)}")
        return load_device(path)

    def devices(self, *roles: Role) -> list[DeviceKey]:
        """All who may connect, by serial; of these roles, if any are named."""
        chosen = (self._devices[serial] for serial in sorted(self._devices))
        return [entry for entry in chosen if not roles or entry.role in roles]

    def revoked(self) -> list[Revoked]:
        paths = sorted((self.folder / _REVOKED).glob("*.toml"))
        entries = (_read(path, DeviceKey) for path in paths)
        return [Revoked(entry.serial, entry.public) for entry in entries]

    def holder(self, public: str) -> DeviceKey | None:
        """Whose key that is; None for one that is not known, or revoked."""
        return self._by_key.get(public)

    def reload(self, *, is_forced: bool = False) -> bool:
        """Look at the folder again. True where who may connect has changed. Files are added and
        removed, never edited in place: that would not be noticed."""
        stamp_ns = (self.folder / _DEVICES).stat().st_mtime_ns
        if stamp_ns == self._stamp_ns and not is_forced:
            return False
        # May be written to again within the same tick of the file system's clock.
        is_settled = time.time_ns() - stamp_ns > _RECENT_NS
        self._stamp_ns = stamp_ns if is_settled else -1
        devices = self._read_devices()
        if devices == self._devices:
            return False
        self._devices = devices
        self._by_key = {entry.public: entry for entry in devices.values()}
        return True

    def _read_devices(self) -> dict[str, DeviceKey]:
        devices: dict[str, DeviceKey] = {}
        owners: dict[str, str] = {}
        faults = []
        for path in sorted((self.folder / _DEVICES).glob("*.toml")):
            try:
                entry = _read(path, DeviceKey)
                _check_key(entry.public, path)
            except WireError as error:
                faults.append(str(error))
                continue
            except FileNotFoundError:
                continue  # revoked while we looked
            if entry.serial != path.stem:
                faults.append(f"{path}: is the key of {entry.serial}; a file bears its serial")
            if entry.public in owners:
                faults.append(f"{path}: the same key as that of {owners[entry.public]}")
            owners[entry.public] = entry.serial
            devices[entry.serial] = entry
        if faults:
            raise WireError("\n".join(faults))
        return devices


def load_device(path: Path) -> DeviceSecret:
    """What a device needs to connect, from its file. Raises WireError where others can read it."""
    device = _read_secret(path, DeviceSecret)
    for key in (device.public, device.secret, device.server):
        _check_key(key, path)
    return device


def as_client(socket: zmq.Socket[bytes], device: DeviceSecret) -> None:
    """Let a socket that is to connect prove who it is, and encrypt."""
    socket.curve_secretkey = device.secret.encode()
    socket.curve_publickey = device.public.encode()
    socket.curve_serverkey = device.server.encode()


def check_serial(serial: str) -> None:
    """Raises WireError for what cannot be a serial (VDA 5050, section 7.1.2) and name a file."""
    if not ID_PATTERN.fullmatch(serial) or serial[0] in ".-" or len(serial) > MAX_SERIAL:
        raise WireError(
            f"{serial!r}: no serial; A-Z a-z 0-9 _ - . : are allowed, up to {MAX_SERIAL} of them, "
            "and none of - and . at the beginning"
        )


def _new_pair() -> tuple[str, str]:
    public, secret = zmq.curve_keypair()
    return public.decode(), secret.decode()


def _read(path: Path, kind: type[Content]) -> Content:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind)
    except msgspec.MsgspecError as error:
        raise WireError(f"{path}: {error}") from None


def _read_secret(path: Path, kind: type[Content]) -> Content:
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise WireError(
                f"{path}: others than its owner can read this secret (mode "
                f"{stat.S_IMODE(mode):o}); chmod 600 it, and if it has been so for long, revoke "
                "the key"
            )
        return _read(path, kind)
    except (FileNotFoundError, PermissionError) as error:
        raise WireError(f"{path}: {error.strerror}") from None


def _write(path: Path, entries: dict[str, str], *, is_secret: bool = False) -> None:
    """Neither serials nor keys hold anything that TOML would have to escape."""
    text = "".join(f'{name} = "{value}"\n' for name, value in entries.items())
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, flags, 0o600 if is_secret else 0o644)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)  # nobody sees half a file


def _checked(key: str, path: Path) -> str:
    _check_key(key, path)
    return key


def _check_key(key: str, path: Path) -> None:
    try:
        is_key = len(key) == 40 and len(z85.decode(key.encode())) == 32
    except (ValueError, KeyError, UnicodeEncodeError):
        is_key = False
    if not is_key:
        raise WireError(f"{path}: no key; keys are 40 characters of Z85")

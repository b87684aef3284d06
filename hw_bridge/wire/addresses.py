"""Addresses to bind: which of them others can reach."""

from __future__ import annotations

import ipaddress
import resource

from hw_bridge.wire.errors import WireError


def is_local(address: str) -> bool:
    """Whether only programs of this machine can reach a ZeroMQ address. Raises WireError for what
    is none, or of a kind that devices cannot connect to."""
    scheme, separator, rest = address.partition("://")
    if separator and scheme in ("ipc", "inproc") and rest:
        return True
    host, colon, port = rest.rpartition(":")
    if scheme != "tcp" or not colon or not host or not (port.isdecimal() or port == "*"):
        raise WireError(f"{address!r}: no address to bind; such as tcp://127.0.0.1:7700")
    if port.isdecimal() and int(port) > 65535:
        raise WireError(f"{address!r}: ports go up to 65535")
    host = host.strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # *, or the name of an interface


def allow_many_files(n_wanted: int) -> int:
    """Raise this process's limit of open files, a connection being one, as far as it may be.
    Returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = n_wanted if hard == resource.RLIM_INFINITY else min(n_wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft

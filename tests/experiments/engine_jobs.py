"""Jobs that other processes can import: what they make, and how they fail."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path

from layouts import GridfleetError


def digest(job: bytes) -> bytes:
    return hashlib.sha256(job).digest()


def fail(job: bytes) -> bytes:
    """Raises for "refuse" and "break", gives what is no result for "int", a digest otherwise."""
    if job == b"refuse":
        raise GridfleetError("there is no such floor")
    if job == b"break":
        raise KeyError("unit")
    return 3 if job == b"int" else digest(job)  # type: ignore[return-value]


def act(job: bytes) -> bytes:
    """A path is made the first time, and its process killed; one with "always" in it every time.
    Anything else fails, or has its digest."""
    if b"/" not in job:
        return fail(job)
    marker = Path(os.fsdecode(job))
    is_first = not marker.exists()
    with marker.open("a") as file:
        file.write("killed\n")
    if is_first or "always" in marker.name:
        os.kill(os.getpid(), signal.SIGKILL)
    return digest(job)


def sleep(job: bytes) -> bytes:
    """As many seconds as the job says, in front of a blank."""
    time.sleep(float(job.split()[0]))
    return digest(job)


def environment(_: bytes) -> bytes:
    """Process, threads allowed, whether Ctrl-C is blocked."""
    blocked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return f"{os.getpid()} {os.environ['OMP_NUM_THREADS']} {blocked}".encode()


def mark(_: bytes) -> bytes:
    return os.environ.get("PREPARED", "no").encode()


def prepare() -> None:
    os.environ["PREPARED"] = "yes"


def refuse_to_prepare() -> None:
    raise GridfleetError("the kernels are of another machine")


def die_at_start() -> None:
    os._exit(3)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)

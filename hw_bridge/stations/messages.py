"""What controller and terminals say to each other: JSON beside VDA 5050, which has no stations.

The numbers and what they promise are those of fleet_control.link.messages (JOB, ACK, TERMINAL,
LINE).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class _Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    pass


class Job(_Body, frozen=True, kw_only=True):
    """An order line to handle. number: counts the rows of a station within an epoch, from 1.
    quantity: units to pick, negative to put in. pod, sku: labels to be scanned; "" where there is
    nothing to scan. order: for the person's screen."""

    number: int
    job: int
    line: int
    quantity: int
    pod: str = ""
    sku: str = ""
    order: str = ""


class Jobs(_Body, frozen=True, kw_only=True):
    """Topic job."""

    jobs: tuple[Job, ...]


class Ack(_Body, frozen=True, kw_only=True):
    """Topic ack: so many finished lines, and refusals, of the station are noted down for good."""

    lines: int
    refusals: int = 0


class Terminal(_Body, frozen=True, kw_only=True):
    """Topic terminal: the state of the terminal. jobs: number of the latest job taken in this
    epoch. lines: finished lines that a controller has noted down. refusals: refusals so far. fault:
    why nobody can work here, "" where somebody can. is_manned: whether somebody is there."""

    jobs: int
    lines: int
    refusals: int = 0
    fault: str = ""
    is_manned: bool = True


class Line(_Body, frozen=True, kw_only=True):
    """A finished line. number: counts the finished lines of the station, from 1. ago_s: how long
    ago, since clocks are not compared."""

    number: int
    job: int
    line: int
    ago_s: float


class Lines(_Body, frozen=True, kw_only=True):
    """Topic line."""

    lines: tuple[Line, ...]


class RefusalKind(StrEnum):
    WRONG_POD = "wrong-pod"
    WRONG_SKU = "wrong-sku"


class Refusal(_Body, frozen=True, kw_only=True):
    """A scan that was refused; the line is still to be done. number: counts those of the station,
    from 1."""

    number: int
    kind: RefusalKind
    job: int
    line: int
    wanted: str
    scanned: str
    ago_s: float = 0.0


class Refusals(_Body, frozen=True, kw_only=True):
    """Topic refusal: those that no Ack covers yet."""

    refusals: tuple[Refusal, ...]

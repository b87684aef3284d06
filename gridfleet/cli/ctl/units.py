"""`gridfleet ctl` pause, resume, drain, undrain, remove, admit."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from gridfleet.cli.ctl.asking import (
    DEFAULT,
    REFUSED,
    As,
    AsJson,
    Connect,
    Keys,
    Timeout,
    Where,
    ask,
    client_of,
    tell,
)
from gridfleet.cli.errors import reported

if TYPE_CHECKING:
    from gridfleet.live.client import OperatorClient

ALL = "all"
LOOK_S = 0.3
Units = Annotated[list[str], typer.Argument(help="Serials of units, or 'all'.")]
Unit = Annotated[str, typer.Argument(help="Serial of the unit.")]


def pause(
    units: Units, connect: Connect = DEFAULT, keys: Keys = None, operator: As = "",
    timeout: Timeout = 10.0, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let units stand, wherever they are, until resume.

    Waits until every one of them has said that it stands, and names those that have not: nothing is
    stopped because it was asked to. This is no safety function.
    """
    where = Where(connect, keys, operator, as_json, timeout)
    with reported(), client_of(where) as client:
        reply = client.ask("pause", **_named(units))
        if not reply.ok:
            tell(where, reply, "")
        silent = _unconfirmed(client, units, timeout)
        if silent:
            print(
                f"not confirmed within {timeout:g} s: {', '.join(silent)}. They were asked, and "
                "are asked again; keep away from them",
                file=sys.stderr,
            )
        tell(where, reply, "paused: " + (f"all but {len(silent)}" if silent else "all confirmed"))
        if silent:
            raise typer.Exit(REFUSED)


def _named(units: list[str]) -> dict[str, object]:
    return {"everyone": True} if units == [ALL] else {"units": units}


def _unconfirmed(client: OperatorClient, units: list[str], timeout_s: float) -> list[str]:
    """Of those that were asked to stand, who has not confirmed by then."""
    end_s = time.monotonic() + timeout_s
    while True:
        status = client.ask("status").result
        silent = [serial for serial in status["unconfirmed"] if units == [ALL] or serial in units]
        if not silent or time.monotonic() > end_s:
            return silent
        time.sleep(LOOK_S)


def resume(
    units: Units, connect: Connect = DEFAULT, keys: Keys = None, operator: As = "",
    timeout: Timeout = 10.0, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let units go on. 'all' undoes 'pause all'; who was paused alone stays so."""
    where = Where(connect, keys, operator, as_json, timeout)
    ask(where, f"go on: {', '.join(units)}", "resume", **_named(units))


def drain(
    connect: Connect = DEFAULT, keys: Keys = None, operator: As = "", timeout: Timeout = 10.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Hand out no new tasks; those under way are finished, then units stand."""
    where = Where(connect, keys, operator, as_json, timeout)
    ask(where, "draining: gridfleet ctl status tells when no unit has a task", "drain")


def undrain(
    connect: Connect = DEFAULT, keys: Keys = None, operator: As = "", timeout: Timeout = 10.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Hand out tasks again."""
    ask(Where(connect, keys, operator, as_json, timeout), "tasks are handed out again", "undrain")


def remove(
    unit: Unit, connect: Connect = DEFAULT, keys: Keys = None, operator: As = "",
    timeout: Timeout = 10.0, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that a unit is off the floor. Look first: all that it held is free from then on."""
    where = Where(connect, keys, operator, as_json, timeout)
    ask(where, f"{unit} is off the floor, its cells are free", "remove", unit=unit)


def admit(
    unit: Unit, connect: Connect = DEFAULT, keys: Keys = None, operator: As = "",
    timeout: Timeout = 10.0, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that a unit stands where it says and nowhere else. Look first."""
    where = Where(connect, keys, operator, as_json, timeout)
    ask(where, f"{unit} is admitted and goes on from where it stands", "admit", unit=unit)

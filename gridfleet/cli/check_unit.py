"""`gridfleet check-unit`: does a connected unit keep to the protocol?"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported
from layouts import GridfleetError

if TYPE_CHECKING:
    from hw_bridge.conformance.cases import Case
    from hw_bridge.conformance.rig import Setup
    from hw_bridge.conformance.run import Result
    from hw_bridge.transport import Transport
    from layouts import Layout

FAILED, INTERRUPTED = 1, 130
REBOOT_S = 60.0
"""How long the command that switches the unit off and on may take."""


class CheckError(GridfleetError, ValueError):
    """A check that cannot begin; a line for each fault."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    serial: str
    layout: str
    bind: str
    keys: Path | None
    manufacturer: str
    reboot: str
    is_at_pod: bool
    is_plain: bool
    patience_s: float
    mqtt: str
    mqtt_interface: str
    mqtt_password: Path | None
    mqtt_ca: Path | None


def check_unit(
    serial: Annotated[str, typer.Option(help="Serial of the unit.")] = "",
    layout: Annotated[
        str, typer.Option(help="A ready floor or a floor file: where the unit stands.")
    ] = "",
    bind: Annotated[
        str, typer.Option(help="Address that the unit connects to.", metavar="ADDRESS")
    ] = "tcp://127.0.0.1:5555",
    keys: Annotated[
        Path | None, typer.Option(help="Folder of the keys (gridfleet keys).", metavar="DIR")
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option(help="Only this case; may be given several times.")
    ] = None,
    reboot: Annotated[
        str, typer.Option(help="Command that switches the unit off and on.", metavar="COMMAND")
    ] = "",
    at_pod: Annotated[
        bool, typer.Option("--at-pod", help="A pod is where the unit stands: lift it, too.")
    ] = False,
    patience: Annotated[
        float, typer.Option(help="Seconds that the unit may take to connect.")
    ] = 30.0,
    manufacturer: Annotated[str, typer.Option(help="As in the unit's messages.")] = "gridfleet",
    list_cases: Annotated[bool, typer.Option("--list", help="Name the cases and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
    mqtt: Annotated[
        str, typer.Option(help="Broker of the vehicle, as mqtt://HOST:PORT.", metavar="URL")
    ] = "",
    mqtt_interface: Annotated[
        str, typer.Option(help="First level of its topics. [default: vda5050 and uagv]")
    ] = "",
    mqtt_password: Annotated[
        Path | None, typer.Option(help="File with the broker's password.", metavar="FILE")
    ] = None,
    mqtt_ca: Annotated[
        Path | None,
        typer.Option(help="File with certificates that sign the broker's.", metavar="FILE"),
    ] = None,
    insecure_plaintext: Annotated[
        bool, typer.Option(help="No keys and no encryption, for a unit without.")
    ] = False,
) -> None:
    """Try a unit against the rules of VDA 5050 and of the link, one case after the other.

    It takes the place of the controller, which must not run meanwhile. The unit needs some free
    cells in a straight line, and drives there and back: see that nobody is in its way.

    \b
    A unit, real or emulated, that has its key and connects to this machine:
      gridfleet check-unit --serial U0001 --keys keys --layout demo --bind tcp://0.0.0.0:5555

    \b
    A vehicle of another maker that speaks VDA 5050 to a broker:
      gridfleet check-unit --serial V1 --layout demo --mqtt mqtt://localhost:1883

    Exit codes: 0 nothing failed, 1 a case failed or there is no unit, 2 bad input, 130 Ctrl-C.
    """
    from hw_bridge.conformance.run import ALL_CASES, chosen

    if list_cases:
        print("\n".join(f"{entry.name:45} {entry.text}" for entry in ALL_CASES))
        return
    wanted = _Wanted(
        serial, layout, bind, keys, manufacturer, reboot, at_pod, insecure_plaintext, patience,
        mqtt, mqtt_interface, mqtt_password, mqtt_ca,
    )  # fmt: skip
    with _reported(), tempfile.TemporaryDirectory() as folder:
        cases = chosen(case or [])
        results = _run(_setup(wanted, Path(folder)), cases, patience, as_json)
    if as_json:
        print(json.dumps(_as_json(serial, results), indent=2))
    else:
        _print_sum(results)
    if any(result.verdict == "FAIL" for result in results):
        raise typer.Exit(FAILED)


@contextmanager
def _reported() -> Iterator[None]:
    from gridfleet.wire_errors import wire_errors_as

    with reported(), wire_errors_as(CheckError):
        yield


def _setup(wanted: _Wanted, folder: Path) -> Setup:
    from hw_bridge.conformance.rig import Setup
    from hw_bridge.mqtt.options import check_named
    from hw_bridge.transport import RealTime
    from layouts import load

    faults = list(_faults(wanted))
    if faults:
        raise CheckError("\n".join(faults))
    words = {
        "--mqtt-interface": wanted.mqtt_interface, "--mqtt-password": wanted.mqtt_password,
        "--mqtt-ca": wanted.mqtt_ca,
    }  # fmt: skip
    check_named(wanted.mqtt, words)
    floor, clock, zero_s = load(wanted.layout), RealTime(), time.time()
    open_transport = _by_mqtt(wanted, floor, folder) if wanted.mqtt else _by_zmq(wanted)
    open_transport().close()  # what cannot be bound or reached is told at once
    return Setup(
        wanted.serial, floor, open_transport, clock, int(zero_s), wanted.manufacturer,
        _rebooter(wanted.reboot) if wanted.reboot else None, wanted.is_at_pod, bool(wanted.mqtt),
        zero_s,
    )  # fmt: skip


def _faults(wanted: _Wanted) -> Iterator[str]:
    if not wanted.serial:
        yield "no unit: give --serial"
    if not wanted.layout:
        yield "no floor: give --layout, that on which the unit stands"
    if wanted.keys is None and not (wanted.is_plain or wanted.mqtt):
        yield "no keys: give --keys DIR, or say --insecure-plaintext for a unit without"
    if not 0.0 < wanted.patience_s < 1e6:
        yield f"--patience is {wanted.patience_s:g}; give seconds"


def _by_zmq(wanted: _Wanted) -> Callable[[], Transport]:
    from hw_bridge.wire.keys import KeyStore, Role, check_serial
    from hw_bridge.wire.server import ServerOptions, ZmqTransport

    serial = wanted.serial
    check_serial(serial)
    store = None if wanted.keys is None else KeyStore(wanted.keys)
    if store is not None and serial not in {entry.serial for entry in store.devices(Role.UNIT)}:
        raise CheckError(
            f"{serial}: has no key of a unit in {wanted.keys}; make one: gridfleet keys add"
        )
    known = {serial: Role.UNIT} if store is None else None
    options = ServerOptions(rate_per_s=1000.0, burst=1000.0)
    return lambda: ZmqTransport([wanted.bind], store, serials=known, options=options)


def _by_mqtt(wanted: _Wanted, floor: Layout, folder: Path) -> Callable[[], Transport]:
    from hw_bridge.mqtt.options import INTERFACES, MqttOptions, broker_address
    from hw_bridge.mqtt.transport import MqttTransport
    from hw_bridge.vda5050.base import MANUFACTURER

    options = MqttOptions(
        broker_address(wanted.mqtt),
        (wanted.mqtt_interface,) if wanted.mqtt_interface else INTERFACES,
        wanted.mqtt_password,
        wanted.mqtt_ca,
    )
    is_named = wanted.manufacturer != MANUFACTURER
    makers = {wanted.serial: wanted.manufacturer} if is_named else None
    return lambda: MqttTransport(floor, [wanted.serial], options, folder, makers)


def _rebooter(command: str) -> Callable[[], None]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise CheckError(f"--reboot {command!r}: {error}") from None

    def reboot() -> None:
        from hw_bridge.conformance.rig import CaseSkipped

        try:
            subprocess.run(words, check=True, timeout=REBOOT_S, capture_output=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise CaseSkipped(f"the command of --reboot failed: {error}") from None

    return reboot


def _run(setup: Setup, cases: list[Case], patience_s: float, is_quiet: bool) -> list[Result]:
    from hw_bridge.conformance.run import NoUnitError, check

    results: list[Result] = []
    try:
        for result in check(setup, cases, patience_s):
            results.append(result)
            if not is_quiet:
                print(_line(result), flush=True)
    except NoUnitError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        print("interrupted; the unit keeps what it was told last", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    return results


def _line(result: Result) -> str:
    text = f"{result.verdict:8}{result.case.name:44} {result.took_s:6.1f} s"
    return f"{text}  {result.reason}" if result.reason else text


def _print_sum(results: list[Result]) -> None:
    counts = Counter(str(result.verdict) for result in results)
    print(
        f"{counts['PASS']} passed, {counts['FAIL']} failed, {counts['SKIPPED']} skipped, in "
        f"{sum(result.took_s for result in results):.0f} s"
    )


def _as_json(serial: str, results: list[Result]) -> dict[str, Any]:
    return {
        "serial": serial,
        "cases": [
            {
                "name": result.case.name,
                "text": result.case.text,
                "verdict": str(result.verdict),
                "reason": result.reason,
                "took_s": round(result.took_s, 3),
            }
            for result in results
        ],
    }

"""`gridfleet check-unit`: does a connected unit keep to the protocol?"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported

if TYPE_CHECKING:
    from hw_bridge.conformance.cases import Case
    from hw_bridge.conformance.rig import Setup
    from hw_bridge.conformance.run import Result

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
REBOOT_S = 60.0
"""How long the command that switches the unit off and on may take."""


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

    Exit codes: 0 nothing failed, 1 a case failed or there is no unit, 2 bad input, 130 Ctrl-C.
    """
    from hw_bridge.conformance.run import ALL_CASES

    if list_cases:
        print("\n".join(f"{entry.name:45} {entry.text}" for entry in ALL_CASES))
        return
    with _said_once():
        cases = _chosen(case or [])
        setup = _setup(
            serial, layout, bind, keys, manufacturer, reboot, at_pod, insecure_plaintext, patience
        )
    results = _run(setup, cases, patience, as_json)
    if as_json:
        print(json.dumps(_as_json(serial, results), indent=2))
    else:
        _print_sum(results)
    if any(result.verdict == "FAIL" for result in results):
        raise typer.Exit(FAILED)


@contextmanager
def _said_once() -> Iterator[None]:
    from hw_bridge.wire.errors import WireError

    try:
        with reported():
            yield
    except (WireError, ValueError) as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        raise typer.Exit(BAD_INPUT) from None


def _chosen(names: list[str]) -> list[Case]:
    from hw_bridge.conformance.run import chosen

    return chosen(names)


def _setup(
    serial: str, layout: str, bind: str, keys: Path | None, manufacturer: str, reboot: str,
    is_at_pod: bool, is_plain: bool, patience_s: float,
) -> Setup:  # fmt: skip
    from hw_bridge.conformance.rig import Setup
    from hw_bridge.transport import RealTime
    from hw_bridge.wire.errors import WireError
    from hw_bridge.wire.keys import KeyStore, Role, check_serial
    from hw_bridge.wire.server import ServerOptions, ZmqTransport
    from layouts import load

    faults = []
    if not serial:
        faults.append("no unit: give --serial")
    if not layout:
        faults.append("no floor: give --layout, that on which the unit stands")
    if keys is None and not is_plain:
        faults.append("no keys: give --keys DIR, or say --insecure-plaintext for a unit without")
    if not 0.0 < patience_s < 1e6:
        faults.append(f"--patience is {patience_s:g}; give seconds")
    if faults:
        raise WireError("\n".join(faults))
    check_serial(serial)
    store = None if keys is None else KeyStore(keys)
    if store is not None and serial not in {entry.serial for entry in store.devices(Role.UNIT)}:
        raise WireError(f"{serial}: has no key of a unit in {keys}; make one: gridfleet keys add")
    floor, zero_s = load(layout), time.time()
    options = ServerOptions(rate_per_s=1000.0, burst=1000.0)

    def open_transport() -> ZmqTransport:
        known = {serial: Role.UNIT} if store is None else None
        return ZmqTransport([bind], store, serials=known, options=options)

    open_transport().close()  # an address that cannot be bound is told at once
    return Setup(
        serial, floor, open_transport, RealTime(), int(zero_s), manufacturer,
        _rebooter(reboot) if reboot else None, is_at_pod, zero_s,
    )  # fmt: skip


def _rebooter(command: str) -> Callable[[], None]:
    words = shlex.split(command)

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

"""`gridfleet serve`: run a live fleet, from its journal if there is one."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.interrupt import StopOnInterrupt
from gridfleet.cli.simulate import build, pairs
from layouts.words import listed

if TYPE_CHECKING:
    from fleet_control.backend import FleetState
    from gridfleet.live.run import Ended
    from gridfleet.live.serving import Served, ServeOptions
    from gridfleet.scenario import Scenario

FAILED, INTERRUPTED = 1, 130
BIND, CONTROL = "tcp://127.0.0.1:5555", "tcp://127.0.0.1:5556"
Say = Callable[[str], None]


def serve(
    layout: Annotated[
        str | None, typer.Option(help="Ready floor or floor file.", show_default=False)
    ] = None,
    bind: Annotated[
        list[str] | None,
        typer.Option(help=f"Address for units and stations; may be repeated. [default: {BIND}]"),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="Folder of keys (gridfleet keys).", metavar="DIR")
    ] = None,
    journal: Annotated[
        Path, typer.Option(help="Journal of the fleet; gone on with if it is there.")
    ] = Path("fleet.journal"),
    control: Annotated[
        str, typer.Option(help="Address for gridfleet ctl; empty for none.", metavar="ADDRESS")
    ] = CONTROL,
    metrics: Annotated[
        int | None,
        typer.Option(help="Port of this machine for Prometheus; 0 for any. [default: none]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the result at the end. [default: none]")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="File for the log, JSON lines. [default: stderr]")
    ] = None,
    wire_log: Annotated[
        Path | None, typer.Option(help="File for all messages (gridfleet check-log).")
    ] = None,
    robots: Annotated[
        int | None, typer.Option(help="Units, the first by serial. [default: all with keys]")
    ] = None,
    reserve: Annotated[
        list[str] | None,
        typer.Option(help="Serial of a unit that will get a key later; may be repeated."),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            help="Serial of a unit that is off the floor, so that nothing waits for it; may be "
            "repeated."
        ),
    ] = None,
    orders: Annotated[
        str | None,
        typer.Option(
            help="CSV or Parquet file, 'synthetic', or 'none' for those alone that people add "
            "(gridfleet ctl orders add). [default: synthetic]"
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="How to read the file: plain, with-returns, online-retail.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Names in the file, as order_id=invoice,sku=item.")
    ] = None,
    stock: Annotated[str | None, typer.Option(help="CSV or Parquet with sku, units, pod.")] = None,
    start: Annotated[
        str | None, typer.Option(help="Begin of the window, as 2011-11-15T08:00.")
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(help="End after so long. [default: never; orders are those of 8 hours]"),
    ] = None,
    due_hours: Annotated[
        float | None, typer.Option(help="Time to fill an order that has no due time. [default: 4]")
    ] = None,
    planner: Annotated[str | None, typer.Option(help="How paths are found.")] = None,
    guidance: Annotated[
        str | None,
        typer.Option(
            help="What moves cost: none, lanes (or strict-lanes, gentle-lanes), online, or a file."
        ),
    ] = None,
    allocation: Annotated[str | None, typer.Option(help="Which unit takes which task.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of where pods stand and of made-up orders. [default: 0]")
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option(help="Scenario file or result folder; other options override it."),
    ] = None,
    patience: Annotated[
        float,
        typer.Option(help="Seconds without another unit after which it says who has not answered."),
    ] = 3.0,
    speed: Annotated[
        float, typer.Option(help="The fleet lives so many times faster: emulated units only.")
    ] = 1.0,
    mqtt: Annotated[
        str,
        typer.Option(
            help="Broker of VDA 5050 vehicles, as mqtt://[USER@]HOST[:PORT], or mqtts:// for TLS.",
            metavar="URL",
        ),
    ] = "",
    mqtt_interface: Annotated[
        list[str] | None,
        typer.Option(help="First level of their topics. [default: vda5050 and uagv]"),
    ] = None,
    mqtt_unit: Annotated[
        list[str] | None,
        typer.Option(help="Serial of a vehicle behind the broker; for each of them."),
    ] = None,
    mqtt_password: Annotated[
        Path | None,
        typer.Option(help="File with the password of the broker's user.", metavar="FILE"),
    ] = None,
    mqtt_ca: Annotated[
        Path | None,
        typer.Option(
            help="File with the certificates that the broker's is signed by, for mqtts://. "
            "[default: those of the system]",
            metavar="FILE",
        ),
    ] = None,
    insecure_plaintext: Annotated[
        bool,
        typer.Option(
            "--insecure-plaintext",
            help="No keys and no encryption, on addresses of this machine alone.",
        ),
    ] = False,
    insecure_plaintext_on_network: Annotated[
        bool,
        typer.Option(
            "--insecure-plaintext-on-network",
            help="The same on any address: anybody there may command the fleet.",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Run a live fleet: real units and stations, or emulated ones, over ZeroMQ or MQTT.

    \b
    Keys, the controller and thirty emulated units, in three terminals:
      gridfleet keys init --dir keys --units 30 --layout demo --operator me
      gridfleet serve --layout demo --keys keys --journal fleet.journal --out shift
      gridfleet emulate --units 30 --layout demo --keys keys --state floor

    The journal holds everything that was decided. A controller that is started with a journal that
    is there goes on with it: after Ctrl-C, a kill, or a power cut, whatever units did meanwhile.

    With a new journal nothing moves until every unit has said where it stands, or somebody has said
    that it is off the floor: --without SERIAL here, or gridfleet ctl remove SERIAL later.

    \b
    Real orders, figures for Prometheus, and the log in a file:
      gridfleet serve --layout demo --keys keys --journal fleet.journal \\
          --orders retail.csv --preset online-retail --start 2011-11-15T08:00 \\
          --metrics 9100 --log fleet.log

    \b
    No orders but those that people add:
      gridfleet serve --layout demo --keys keys --journal fleet.journal --orders none
      gridfleet ctl orders add orders.csv --keys keys

    Operators ask it things by gridfleet ctl. Ctrl-C or SIGTERM: nothing more is released, units
    stop at the end of what they have, and the result is written; a second one leaves at once.
    Exit codes: 0 the planned end, 2 bad usage or input, 1 failure, 130 Ctrl-C.
    """
    given: dict[str, Any] = {
        "layout": layout, "robots": robots, "orders": orders, "stock": stock, "preset": preset,
        "start": start, "hours": hours, "planner": planner, "guidance": guidance,
        "allocation": allocation, "due_hours": due_hours, "seed": seed,
    }  # fmt: skip
    with reported():
        if columns is not None:
            given["columns"] = pairs(columns)
        named = {key: value for key, value in given.items() if value is not None}
        wanted = _scenario(named, scenario, journal)
        _check(keys, speed, patience, insecure_plaintext or insecure_plaintext_on_network)
        from gridfleet.live.serving import ServeOptions

        options = ServeOptions(
            scenario=wanted, given=tuple(named), binds=tuple(bind or [BIND]), keys=keys,
            journal=journal, control=control, metrics=metrics, hours=hours, speed=speed,
            patience_s=patience, wire_log=wire_log, mqtt=mqtt,
            mqtt_interfaces=tuple(mqtt_interface or ()), mqtt_units=tuple(mqtt_unit or ()),
            mqtt_password=mqtt_password, mqtt_ca=mqtt_ca, reserve=tuple(reserve or ()),
            without=tuple(without or ()),
            insecure_plaintext_on_network=insecure_plaintext_on_network,
        )  # fmt: skip
        _serve(options, out, log, is_quiet=quiet)


def _scenario(given: dict[str, Any], file: Path | None, journal: Path) -> Scenario:
    """What was asked for; nothing has to be where there is a journal."""
    from gridfleet.live.books import exists, read_head

    if exists(journal) and file is None and "layout" not in given:
        from gridfleet.journal_head import scenario_of

        header, _ = read_head(journal)
        return build(given | {"layout": scenario_of(journal, header).layout}, None)
    return build(given, file)


def _check(keys: Path | None, speed: float, patience_s: float, is_plain: bool) -> None:
    from gridfleet.live.serving import ServeError

    faults = []
    if keys is None and not is_plain:
        faults.append(
            "no keys: give --keys DIR (gridfleet keys init makes one), or say --insecure-plaintext "
            "where only this machine can reach the fleet"
        )
    if keys is not None and is_plain:
        faults.append("with --keys nothing is plain text; leave out --insecure-plaintext")
    if not 0.0 < speed <= 100.0:
        faults.append(f"--speed is {speed:g}; give more than 0 and at most 100")
    if not 0.0 <= patience_s <= 3600.0:
        faults.append(f"--patience is {patience_s:g}; give 0 to 3600 seconds")
    if faults:
        raise ServeError("\n".join(faults))


def _serve(options: ServeOptions, out: Path | None, log: Path | None, *, is_quiet: bool) -> None:
    from gridfleet.live.logs import EventLogger, logging_to
    from gridfleet.live.serving import serving
    from gridfleet.run_folder import reserved

    logger = EventLogger()
    try:
        with (
            reserved(out) if out is not None else nullcontext(),
            logging_to(log),
            StopOnInterrupt((signal.SIGINT, signal.SIGTERM)) as stop,
        ):
            with serving(options, (logger,)) as served:
                say = _teller(is_plain=log is not None)
                for note in served.notes:
                    say(note)
                say(_say_addresses(served))
                state = served.run.start()
                logger.begin(served.run)
                for line in _say_fleet(served, state):
                    say(line)
                with _progress(served, is_quiet or log is None):
                    ended = served.run.run(stop.asked)
                say(_say_end(served, ended))
            _conclude(served, ended, out)
    except KeyboardInterrupt:
        print("interrupted: no result was written; the journal goes on", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def _teller(*, is_plain: bool) -> Say:
    """Sentences for the owner: on stderr, or in the log where that is on stderr."""
    if is_plain:
        return lambda text: print(text, file=sys.stderr, flush=True)
    return logging.getLogger("gridfleet").info


def _say_addresses(served: Served) -> str:
    parts = [f"units and stations: {', '.join(served.devices)}"]
    if served.control:
        parts.append(f"operators: {served.control}")
    if served.metrics is not None:
        parts.append(f"figures: http://127.0.0.1:{served.metrics}/metrics")
    return f"epoch {served.run.books.epoch}; {'; '.join(parts)}"


def _say_fleet(served: Served, state: FleetState) -> Iterator[str]:
    """Who has answered, and what to do about the others."""
    from gridfleet.live.fleet_roster import MOST_TOLD

    names, n_units = served.run.books.head.units, len(state.cells)
    silent = [names[unit] for unit in range(n_units) if state.cells[unit] < 0]
    yield f"{n_units - len(silent)} of {n_units} units have said where they stand"
    awaited = [names[unit] for unit in served.run.awaited]
    if awaited:
        yield (
            f"nothing moves until it is known where {listed(awaited, MOST_TOLD)} "
            f"{'stands' if len(awaited) == 1 else 'stand'}. Switch on what is on the floor; of "
            "what is not, say gridfleet ctl remove SERIAL, or --without SERIAL at a start. "
            "gridfleet ctl status says how each is"
        )
    left_out = [serial for serial in silent if serial not in awaited]
    if left_out:
        yield (
            f"not heard of yet: {listed(left_out, MOST_TOLD)}. They are taken in when they "
            "connect; one that stands where nobody expects it waits for gridfleet ctl admit"
        )
    waiting = served.run.brain.controller.supervisor.roster.is_waiting_admission
    for unit in waiting.nonzero()[0].tolist():
        yield f"{names[unit]} is not admitted: look at it, then gridfleet ctl admit {names[unit]}"


def _say_end(served: Served, ended: Ended) -> str:
    from gridfleet.live.run import Ending, UsurpedError

    if ended.why is Ending.PLANNED:
        return "the planned time is over: nothing more is released"
    if ended.why is Ending.ASKED:
        return (
            "stopping: nothing more is released; units stop at the end of what they have, and the "
            f"journal goes on ({served.run.books.recorder.path})"
        )
    if isinstance(ended.failure, UsurpedError):
        return f"ended: {ended.text}"
    names = [served.run.books.head.units[unit] for unit in ended.unconfirmed]
    told = f"; not confirmed by {', '.join(names)}" if names else ""
    return f"halted: {ended.text}. All units were asked to stand{told}"


@contextmanager
def _progress(served: Served, is_quiet: bool) -> Iterator[None]:
    from gridfleet.cli.live_line import LiveLine

    if is_quiet:
        yield
        return
    with LiveLine() as line:
        served.run.watch(line)
        yield


def _conclude(served: Served, ended: Ended, out: Path | None) -> None:
    """The result, and the exit code."""
    from gridfleet.cli.running import write_result
    from gridfleet.cli.summary import table
    from gridfleet.kpis import kpis
    from gridfleet.live.run import Ending
    from gridfleet.run_folder import FAILURE, REPORT

    if out is not None:
        scenario = served.run.books.ground.scenario
        figures = write_result(scenario, ended.record, out, ended.failure)
    else:
        figures = kpis(ended.record)
    print(table(figures))
    if out is not None:
        print(f"report: {out / REPORT}")
    if ended.why is Ending.BROKEN:
        print(f"error: {ended.text}", file=sys.stderr)
        if out is not None:
            print(f"error: where the program was is in {out / FAILURE}", file=sys.stderr)
        raise typer.Exit(FAILED)
    if ended.why is Ending.ASKED:
        raise typer.Exit(INTERRUPTED)

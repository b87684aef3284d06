"""A live fleet set up from what its owner has said.

Order matters. What can be refused is refused first: keys, addresses, ports. Then the journal is
opened, by which this life of the controller gets its epoch, on disk; and only then is anything said
to a unit.
"""

from __future__ import annotations

import math
import time as clocks
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

import msgspec

from gridfleet.brain import Groundwork
from gridfleet.journal_head import scenario_of
from gridfleet.live.books import LiveBooks, begun, exists, read_head, resumed
from gridfleet.live.carriers import broker_of, device_socket, gateway, wire_log
from gridfleet.live.control import ControlSocket
from gridfleet.live.desk import OperatorDesk
from gridfleet.live.fleet_roster import check_without, notes_on_keys, roster_of, unit_serials
from gridfleet.live.head import LiveHead
from gridfleet.live.labels import FloorLabels, pod_cells
from gridfleet.live.links import BridgeLinks
from gridfleet.live.options import ServeError, ServeOptions
from gridfleet.live.run import LiveRun, Observer
from gridfleet.live.status import StatusBoard
from gridfleet.scenario import Scenario
from gridfleet.wire_errors import wire_errors_as
from gridfleet.wiring import compile_kernels, compile_link_kernels
from gridfleet.wiring.fleet import planner_of
from gridfleet.wiring.units import CYCLE_S
from hw_bridge.backend import BridgeBackend, BridgeOptions
from hw_bridge.transport import RealTime, Transport
from hw_bridge.wire.keys import KeyStore
from layouts import load

__all__ = ["ServeError", "ServeOptions", "Served", "serving"]


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A fleet that is set up and has not been spoken to. notes: sentences for its owner. devices,
    control: addresses as bound. metrics: port."""

    run: LiveRun
    backend: BridgeBackend
    notes: tuple[str, ...]
    devices: tuple[str, ...]
    control: str
    metrics: int | None


@contextmanager
def serving(options: ServeOptions, observers: tuple[Observer, ...] = ()) -> Iterator[Served]:
    """Everything open, until the block ends. Raises a GridfleetError for what cannot be served."""
    with ExitStack() as stack:
        with wire_errors_as(ServeError):
            served = _set_up(options, observers, stack)
        yield served


def _set_up(options: ServeOptions, observers: tuple[Observer, ...], stack: ExitStack) -> Served:
    store = KeyStore(options.keys) if options.keys is not None else None
    broker = broker_of(options)
    opening = _opening(options, store)
    check_without(options.without, opening.units)
    transport = device_socket(options, store, opening.units, opening.stations)
    stack.callback(transport.close)
    control = ControlSocket(options.control, store) if options.control else None
    if control is not None:
        stack.callback(control.close)
    scenario = opening.scenario
    compile_kernels(planner_of(scenario, load(scenario.layout)).name)
    compile_link_kernels()
    books = stack.enter_context(opening.open())
    time = RealTime(fleet_now_s(books), books.head.speed)
    labels = FloorLabels()
    transports: list[Transport] = [transport]
    if broker is not None:
        transports.append(gateway(broker, options, store, books, time))
        stack.callback(transports[-1].close)
    backend = BridgeBackend(
        books.ground.layout, roster_of(books.head), transports, time, books.epoch,
        pod_cells=pod_cells(books), labels=labels.labels(),
        options=BridgeOptions(patience_s=options.patience_s * books.head.speed),
        on_message=wire_log(options.wire_log, stack),
    )  # fmt: skip
    stack.callback(backend.close)
    links = BridgeLinks(backend)
    desk = OperatorDesk(control, StatusBoard(links)) if control is not None else None
    watching, port = _watching(options, links, desk, stack)
    until_s = books.head.until_s
    run = labels.run = LiveRun(
        books, backend, time, desk=desk, observers=[*observers, *watching],
        until_s=math.inf if until_s is None else until_s, usurper=lambda: backend.usurper,
        without=sorted(map(books.head.units.index, {*books.head.reserve, *options.without})),
    )  # fmt: skip
    told = (
        notes_on_keys(store, books.head, books.ground.layout, broker is not None)
        if store is not None
        else ()
    )
    return Served(
        run, backend, (*books.notes, *told), tuple(transport.addresses),
        control.address if control is not None else "", port,
    )  # fmt: skip


# The journal: a new one, or the one that is there


@dataclass(frozen=True, slots=True, eq=False)
class _Opening:
    """How the journal will be opened. units, stations: serials of the roster."""

    scenario: Scenario
    units: tuple[str, ...]
    stations: tuple[str, ...]
    open: Callable[[], AbstractContextManager[LiveBooks]]


def _opening(options: ServeOptions, store: KeyStore | None) -> _Opening:
    if exists(options.journal):
        return _opening_again(options)
    others = (*options.mqtt_units, *options.reserve)
    units = (*unit_serials(store, options.scenario.robots, others), *others)
    scenario = msgspec.structs.replace(options.scenario, robots=len(units))
    unix_s = clocks.time()
    stations = tuple(station.name for station in load(scenario.layout).stations)

    def head(ground: Groundwork) -> LiveHead:
        return LiveHead(
            units=units, stations=stations,
            begin_unix_s=unix_s, speed=options.speed,
            until_s=options.hours * 3600.0 if options.hours is not None else None,
            reserve=options.reserve,
        )  # fmt: skip

    return _Opening(
        scenario, units, stations, lambda: begun(options.journal, scenario, head, unix_s)
    )


def _opening_again(options: ServeOptions) -> _Opening:
    """Raises ServeError where other things have been asked for than the journal is of."""
    path = options.journal
    header, head = read_head(path)
    scenario = scenario_of(path, header)
    faults = [
        f"{path}: its run has {key} = {getattr(scenario, key)!r}, not "
        f"{getattr(options.scenario, key)!r}; leave that out, or begin a new journal"
        for key in options.given
        if key != "hours" and getattr(scenario, key) != getattr(options.scenario, key)
    ]
    if options.speed not in (1.0, head.speed):
        faults.append(f"{path}: its fleet lives {head.speed:g} times faster than the clock")
    if faults:
        raise ServeError("\n".join(faults))
    return _Opening(scenario, head.units, head.stations, lambda: resumed(path, clocks.time()))


def fleet_now_s(books: LiveBooks) -> float:
    """The time of the fleet: the clock's since the run began, and never before what the journal
    knows of."""
    head = books.head
    by_clock_s = (clocks.time() - head.begin_unix_s) * head.speed
    return max(by_clock_s, books.last_s + CYCLE_S if books.brain is not None else 0.0)


def _watching(
    options: ServeOptions, links: BridgeLinks, desk: OperatorDesk | None, stack: ExitStack
) -> tuple[list[Observer], int | None]:
    """Figures for Prometheus, where they are wanted, and their port."""
    if options.metrics is None:
        return [], None
    from gridfleet.live.metrics import Metrics, MetricsServer

    metrics = Metrics(links, desk)
    server = MetricsServer(metrics, options.metrics)
    stack.callback(server.close)
    return [metrics], server.port

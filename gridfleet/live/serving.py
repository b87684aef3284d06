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
from pathlib import Path
from typing import Any

import msgspec

from fleet_control.work.fulfilment import FulfilmentWork
from gridfleet.brain import Brain, Groundwork
from gridfleet.journal_head import scenario_of
from gridfleet.live.books import LiveBooks, begun, exists, read_head, resumed
from gridfleet.live.control import ControlSocket
from gridfleet.live.desk import OperatorDesk
from gridfleet.live.fleet_roster import notes_on_keys, roster_of, unit_serials
from gridfleet.live.head import LiveHead
from gridfleet.live.links import BridgeLinks
from gridfleet.live.run import LiveRun, Observer
from gridfleet.live.status import StatusBoard
from gridfleet.scenario import Scenario
from gridfleet.wiring import compile_kernels, compile_link_kernels
from gridfleet.wiring.units import CYCLE_S
from hw_bridge.backend import BridgeBackend, BridgeOptions, OnMessage
from hw_bridge.labels import Labels
from hw_bridge.transport import RealTime, Transport
from hw_bridge.vda5050.names import pod_name
from hw_bridge.wire.errors import WireError
from hw_bridge.wire.keys import KeyStore, Role
from hw_bridge.wire.server import ServerOptions, ZmqTransport
from layouts import GridfleetError


class ServeError(GridfleetError, ValueError):
    """What was asked for cannot be served; a line for each fault."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What to serve. scenario: all of it; given: the keys of it that were named. keys: None for no
    keys. control: address for operators, "" for none. metrics: port, None for none. hours: planned
    end, None for none. speed: of emulated units. patience_s: how long units are waited for at the
    start, by the clock. mqtt: address of a broker, "" for none; mqtt_units: serials of the vehicles
    behind it; reserve: those of units that will get a key later. Both are of a new journal."""

    scenario: Scenario
    given: tuple[str, ...]
    binds: tuple[str, ...]
    keys: Path | None
    journal: Path
    control: str = ""
    metrics: int | None = None
    hours: float | None = None
    speed: float = 1.0
    patience_s: float = 3.0
    wire_log: Path | None = None
    mqtt: str = ""
    mqtt_interfaces: tuple[str, ...] = ()
    mqtt_units: tuple[str, ...] = ()
    mqtt_password: Path | None = None
    reserve: tuple[str, ...] = ()
    insecure_plaintext_on_network: bool = False


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
        try:
            served = _set_up(options, observers, stack)
        except WireError as error:
            raise ServeError(str(error)) from None
        yield served


def _set_up(options: ServeOptions, observers: tuple[Observer, ...], stack: ExitStack) -> Served:
    store = KeyStore(options.keys) if options.keys is not None else None
    opening = _opening(options, store)
    transport = _transport(options, store, opening)
    stack.callback(transport.close)
    control = ControlSocket(options.control, store) if options.control else None
    if control is not None:
        stack.callback(control.close)
    compile_kernels(opening.scenario.planner)
    compile_link_kernels()
    books = stack.enter_context(opening.open())
    time = RealTime(fleet_now_s(books), books.head.speed)
    mind = _Mind()
    transports: list[Transport] = [transport]
    if options.mqtt:
        transports.append(_gateway(options, store, books, time, stack))
    backend = BridgeBackend(
        books.ground.layout, roster_of(books.head), transports, time, books.epoch,
        pod_cells=_pod_cells(books), labels=mind.labels(),
        options=BridgeOptions(patience_s=options.patience_s * books.head.speed),
        on_message=_wire_log(options.wire_log, stack),
    )  # fmt: skip
    stack.callback(backend.close)
    links = BridgeLinks(backend)
    desk = OperatorDesk(control, StatusBoard(links)) if control is not None else None
    watching, port = _watching(options, links, desk, stack)
    until_s = books.head.until_s
    run = mind.run = LiveRun(
        books, backend, time, desk=desk, observers=[*observers, *watching],
        until_s=math.inf if until_s is None else until_s, usurper=lambda: backend.usurper,
    )  # fmt: skip
    told = notes_on_keys(store, books.head, books.ground.layout) if store is not None else ()
    return Served(
        run, backend, (*books.notes, *told), tuple(transport.addresses),
        control.address if control is not None else "", port,
    )  # fmt: skip


# The journal: a new one, or the one that is there


@dataclass(frozen=True, slots=True, eq=False)
class _Opening:
    """How the journal will be opened. units: serials of the roster."""

    scenario: Scenario
    units: tuple[str, ...]
    open: Callable[[], AbstractContextManager[LiveBooks]]


def _opening(options: ServeOptions, store: KeyStore | None) -> _Opening:
    if exists(options.journal):
        return _opening_again(options)
    if options.mqtt_units and not options.mqtt:
        raise ServeError("--mqtt-unit names vehicles behind a broker; say which one with --mqtt")
    others = (*options.mqtt_units, *options.reserve)
    units = (*unit_serials(store, options.scenario.robots, others), *others)
    scenario = msgspec.structs.replace(options.scenario, robots=len(units))
    unix_s = clocks.time()

    def head(ground: Groundwork) -> LiveHead:
        return LiveHead(
            units=units, stations=tuple(station.name for station in ground.layout.stations),
            begin_unix_s=unix_s, speed=options.speed,
            until_s=options.hours * 3600.0 if options.hours is not None else None,
        )  # fmt: skip

    return _Opening(scenario, units, lambda: begun(options.journal, scenario, head, unix_s))


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
    return _Opening(scenario, head.units, lambda: resumed(path, clocks.time()))


def fleet_now_s(books: LiveBooks) -> float:
    """The time of the fleet: the clock's since the run began, and never before what the journal
    knows of."""
    head = books.head
    by_clock_s = (clocks.time() - head.begin_unix_s) * head.speed
    return max(by_clock_s, books.last_s + CYCLE_S if books.brain is not None else 0.0)


# The bridge


def _transport(options: ServeOptions, store: KeyStore | None, opening: _Opening) -> ZmqTransport:
    n_speed = max(options.speed, 1.0)
    server = ServerOptions(
        rate_per_s=100.0 * n_speed, burst=300.0 * n_speed,
        insecure_plaintext_on_network=options.insecure_plaintext_on_network,
    )  # fmt: skip
    serials = None
    if store is None:
        from layouts import load

        stations = [station.name for station in load(opening.scenario.layout).stations]
        serials = dict.fromkeys(opening.units, Role.UNIT) | dict.fromkeys(stations, Role.STATION)
    return ZmqTransport(options.binds, store, serials=serials, options=server)


def _gateway(
    options: ServeOptions, store: KeyStore | None, books: LiveBooks, time: RealTime,
    stack: ExitStack,
) -> Transport:  # fmt: skip
    """For the vehicles behind a broker: those of the roster that have no key."""
    try:
        from hw_bridge.mqtt.options import INTERFACES, MqttOptions, broker_address
        from hw_bridge.mqtt.transport import MqttTransport
    except ModuleNotFoundError as error:
        raise ServeError(
            f"{error.name} is not there: --mqtt needs pip install gridfleet[mqtt]"
        ) from None

    keyed = {entry.serial for entry in store.devices(Role.UNIT)} if store is not None else set()
    serials = [serial for serial in books.head.units if serial not in keyed]
    gateway = MqttTransport(
        books.ground.layout, serials,
        MqttOptions(
            broker_address(options.mqtt), options.mqtt_interfaces or INTERFACES,
            password_file=options.mqtt_password,
        ),
        options.journal.with_name(options.journal.name + ".vehicles"), clock=time.now_s,
    )  # fmt: skip
    stack.callback(gateway.close)
    return gateway


class _Mind:
    """What is on labels and screens, once there is somebody who knows."""

    run: LiveRun | None = None

    def labels(self) -> Labels:
        return Labels(at=self._pod_at, sku=self._sku, order=self._order)

    def _work(self) -> FulfilmentWork | None:
        if self.run is None or not self.run.has_started:
            return None
        work = self.run.brain.setup.work
        return work if isinstance(work, FulfilmentWork) else None

    def _pod_at(self, cell: int) -> str:
        work = self._work()
        if work is None:
            return ""
        pods = (work.pod_cells == cell).nonzero()[0]
        return pod_name(int(pods[0])) if len(pods) else ""

    def _sku(self, sku: int) -> str:
        work = self._work()
        return work.order_lines.base.book.sku_names[sku] if work is not None else f"SKU{sku}"

    def _order(self, job: int, line: int) -> str:
        work = self._work()
        if work is None:
            return ""
        return work.order_lines.name_of(work.order_lines.order_of[line])


def _pod_cells(books: LiveBooks) -> Any:
    """int32[n_pods], where pods stand as far as is known."""
    brain: Brain | None = books.brain
    work = brain.setup.work if brain is not None else None
    return work.pod_cells if isinstance(work, FulfilmentWork) else books.ground.setup.pod_cells


def _wire_log(path: Path | None, stack: ExitStack) -> OnMessage | None:
    if path is None:
        return None
    from hw_bridge.wire_log import WireLog

    try:
        log = stack.enter_context(WireLog(path))
    except OSError as error:
        raise ServeError(f"{path}: cannot be written: {error.strerror}; see --wire-log") from None

    return log.note


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

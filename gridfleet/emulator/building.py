"""Builds an emulated fleet from a setting: keys, memories, agents, sockets, faults."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gridfleet.emulator.errors import EmulatorError
from gridfleet.emulator.faults import injector_of
from gridfleet.emulator.fleet import EmulatedFleet, Extras
from gridfleet.emulator.floor import Floor, SensorOptions
from gridfleet.emulator.keeping import Keeper
from gridfleet.emulator.link_faults import DeviceNoise
from gridfleet.emulator.saved_floor import FloorId, SavedFloor, SavedSessions, new_sessions
from gridfleet.emulator.setting import Setting, digest_of
from gridfleet.emulator.sockets import DeviceSockets
from gridfleet.emulator.stations import EmulatedStations
from gridfleet.emulator.truth import TruthPublisher
from gridfleet.emulator.units import EmulatedUnits
from hw_bridge.agent.memory import Memory
from hw_bridge.agent.options import AgentOptions, Build, Identity
from hw_bridge.stations.memory import FileMemory, TerminalMemory, TransientMemory
from hw_bridge.stations.terminal import TerminalAgent
from hw_bridge.wire.keys import DeviceSecret, KeyStore, Role
from layouts import Layout
from twin.faults import FaultSchedule
from twin.unit_model import UnitModel

MANUFACTURER = "gridfleet"
START_S = 1.0
"""So long a unit needs to find its place when it is switched on again."""
MOST_LISTED = 8


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """state: folder of the truth, None to forget it at the end. truth: address to tell it on, ""
    for none. state_s: units say how they are at least so often. start_s: what a unit needs to find
    its place at first; restart_s: when the emulator has been killed. first_session: the sessions of
    a new floor are numbered from there, so that a controller that knows later ones of an earlier
    floor hears them."""

    seed: int = 0
    wrong_scans: float = 0.01
    state: Path | None = None
    truth: str = ""
    state_s: float = 1.0
    start_s: float = 0.0
    restart_s: float = START_S
    first_session: int = 1
    sensors: SensorOptions = field(default_factory=SensorOptions)


def build_fleet(
    setting: Setting, address: str, units: Sequence[DeviceSecret | str],
    stations: Sequence[DeviceSecret | str], options: EmulatorOptions,
    schedule: FaultSchedule | None = None,
) -> EmulatedFleet:  # fmt: skip
    """units, stations: keys of all devices, or serials where there is no encryption.

    Raises GridfleetError for a state folder of another fleet, an address that cannot be, and faults
    that cannot happen here."""
    extras = Extras()
    try:
        if options.truth:
            extras.truth = TruthPublisher(options.truth)
        if options.state is not None:
            extras.keeper = Keeper(SavedFloor(options.state, _id_of(setting, units)))
        sockets = DeviceSockets(address, [*units, *stations])
        try:
            sockets.open_some()
            return _assemble(setting, units, sockets, options, schedule, extras)
        except BaseException:
            sockets.close()
            raise
    except BaseException:
        for part in (extras.truth, extras.keeper):
            if part is not None:
                part.close()
        raise


def _assemble(
    setting: Setting, serials: Sequence[DeviceSecret | str], sockets: DeviceSockets,
    options: EmulatorOptions, schedule: FaultSchedule | None, extras: Extras,
) -> EmulatedFleet:  # fmt: skip
    sensors = replace(options.sensors, seed=options.seed)
    floor = Floor(setting.layout, setting.twin(), setting.labels, sensors)
    saved = extras.keeper.saved if extras.keeper is not None else None
    is_restart = extras.keeper is not None and not extras.keeper.saved.is_new
    if extras.keeper is not None and is_restart:
        extras.keeper.take_up(floor)
    identities = [Identity(MANUFACTURER, _serial(device)) for device in serials]
    units = EmulatedUnits(
        floor, identities, _memories(saved, floor.n_units, options.first_session),
        _agent_options(setting.scenario.unit, options, floor.time_s),
        options.restart_s if is_restart else options.start_s,
    )  # fmt: skip
    terminals = [
        TerminalAgent(_terminal_memory(saved, station.name, options.first_session), floor.time_s)
        for station in setting.layout.stations
    ]
    stations = EmulatedStations(
        terminals, setting.people(), options.seed, options.wrong_scans, floor.time_s
    )
    noise = DeviceNoise(floor.n_units, len(sockets))
    if schedule is not None:
        extras.injector = injector_of(schedule, floor, units, noise)
    return EmulatedFleet(floor, units, stations, sockets, noise, options.seed, extras)


def _memories(saved: SavedFloor | None, n_units: int, first_session: int) -> list[Memory]:
    sessions = saved.sessions if saved is not None else new_sessions(n_units)
    is_new = sessions["session"] == 0
    sessions["session"][is_new] = first_session - 1
    return [SavedSessions(sessions, unit) for unit in range(n_units)]


def _terminal_memory(saved: SavedFloor | None, name: str, first_session: int) -> TerminalMemory:
    memory: TerminalMemory = TransientMemory()
    if saved is not None:
        memory = FileMemory(saved.station_path(name), is_durable=False)
    record = memory.load()
    if record.session == 0:
        record.session = first_session - 1
        memory.save(record)
    return memory


def _agent_options(unit: UnitModel, options: EmulatorOptions, now_s: float) -> AgentOptions:
    return AgentOptions(
        state_s=options.state_s,
        wall_zero_s=time.time() - now_s,
        build=Build(
            maximum_speed_m_s=unit.empty.speed_m_s,
            maximum_acceleration_m_s2=unit.empty.accel_m_s2,
            maximum_deceleration_m_s2=unit.empty.decel_m_s2,
            length_m=unit.length_m,
            width_m=unit.width_m,
            lift_s=unit.lift_s,
        ),
    )


def _id_of(setting: Setting, units: Sequence[DeviceSecret | str]) -> FloorId:
    layout = setting.layout
    return FloorId(
        layout=layout.name,
        cells=digest_of(layout),
        serials=tuple(_serial(device) for device in units),
        stations=tuple(station.name for station in layout.stations),
        n_pods=len(setting.pod_cells),
    )


def _serial(device: DeviceSecret | str) -> str:
    return device if isinstance(device, str) else device.serial


def secrets_of(
    store: KeyStore, n_units: int, layout: Layout
) -> tuple[list[DeviceSecret], list[DeviceSecret]]:
    """Keys of the first units of the store, by serial, and of the stations of the floor, by name.

    Raises EmulatorError with everything that is missing."""
    units = [entry.serial for entry in store.devices(Role.UNIT)]
    known = {entry.serial for entry in store.devices(Role.STATION)}
    missing = [station.name for station in layout.stations if station.name not in known]
    faults = []
    if len(units) < n_units:
        faults.append(
            f"{store.folder}: keys of {len(units)} units, and {n_units} are to be emulated; make "
            "more with gridfleet keys add"
        )
    if missing:
        more = f" and {len(missing) - MOST_LISTED} more" if len(missing) > MOST_LISTED else ""
        faults.append(
            f"{store.folder}: no key for the stations {', '.join(missing[:MOST_LISTED])}{more} of "
            f"{layout.name}; make them with gridfleet keys add"
        )
    if faults:
        raise EmulatorError("\n".join(faults))
    return (
        [store.secret_of(serial) for serial in units[:n_units]],
        [store.secret_of(station.name) for station in layout.stations],
    )

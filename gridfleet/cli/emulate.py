"""`gridfleet emulate`: drive units and stations that are not there, for a controller that is."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.interrupt import StopOnInterrupt

if TYPE_CHECKING:
    from gridfleet.emulator.building import EmulatorOptions
    from gridfleet.emulator.clock import RealTimeRun
    from gridfleet.emulator.fleet import EmulatedFleet
    from gridfleet.scenario import Scenario
    from hw_bridge.wire.keys import DeviceSecret
    from layouts import Layout
    from twin.faults import FaultSchedule

FAILED, INTERRUPTED = 1, 130
NEWS_S, SLOW_NEWS_S = 0.5, 60.0
"""Real time between two progress lines on a terminal, and elsewhere."""
GOODBYE_S = 0.5
ENDLESS_H = 24.0 * 7
"""For so long random faults are drawn where no end is planned."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    units: int | None
    connect: str
    keys: Path | None
    faults: Path | None
    speed: float
    state: Path | None
    truth: str
    hours: float
    wrong_scans: float
    state_rate: float
    missed_markers: float


def emulate(
    units: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="How many drive units; 0 for stations alone. [default: those of the floor]",
        ),
    ] = None,
    connect: Annotated[
        str, typer.Option(help="Address of the controller.", metavar="ADDRESS")
    ] = "tcp://127.0.0.1:5555",
    keys: Annotated[
        Path | None, typer.Option(help="Folder of the keys (gridfleet keys).", metavar="DIR")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="A ready floor or a floor file.", metavar="FLOOR")
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="Units, pods and people as in this scenario file.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of where everything stands.")] = None,
    faults: Annotated[Path | None, typer.Option(help="What goes wrong, and when.")] = None,
    speed: Annotated[float, typer.Option(help="So many times faster than real time.")] = 1.0,
    state: Annotated[
        Path | None,
        typer.Option(help="Keep the floor in this folder over restarts.", metavar="DIR"),
    ] = None,
    truth: Annotated[
        str, typer.Option(help="Tell true poses there, 20 times a second.", metavar="ADDRESS")
    ] = "",
    hours: Annotated[float, typer.Option(help="End after so long; 0 for never.")] = 0.0,
    wrong_scans: Annotated[float, typer.Option(help="Share of lines with a wrong scan.")] = 0.01,
    missed_markers: Annotated[
        float, typer.Option(help="Share of floor markers that units do not read.")
    ] = 0.0,
    state_rate: Annotated[
        float, typer.Option(help="States a second that each unit sends at least.")
    ] = 1.0,
    insecure_plaintext: Annotated[
        bool, typer.Option(help="No keys and no encryption: for a controller without.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Emulate drive units and stations that connect to a controller.

    Every unit and station runs the agent of real ones, with a connection and a key of its own; only
    the motion is simulated. The fleet stands where a simulated run of the same floor, size and seed
    has it. Unit i has the key of the i-th unit in the folder, stations those of their names.

    \b
    Thirty units for the controller of gridfleet serve, which may be killed and started again:
      gridfleet emulate --units 30 --keys keys --layout demo --state floor

    Ctrl-C ends it with a summary. Exit codes: 0 done, 1 bodies have touched, 2 bad input,
    130 Ctrl-C.
    """
    wanted = _Wanted(
        units, connect, keys, faults, speed, state, truth, hours, wrong_scans, state_rate,
        missed_markers,
    )  # fmt: skip
    given = {"layout": layout, "seed": seed, "robots": units or None}
    with reported():
        fleet, notes = _make(wanted, given, scenario, insecure_plaintext)
    if not quiet:
        for note in notes:
            print(note, file=sys.stderr)
    _live(fleet, wanted, as_json, quiet)


def _make(
    wanted: _Wanted, given: dict[str, Any], file: Path | None, is_plain: bool
) -> tuple[EmulatedFleet, list[str]]:
    """The fleet, and sentences for its owner. Raises GridfleetError for whatever cannot be."""
    from gridfleet.cli.simulate import build
    from gridfleet.emulator.building import build_fleet
    from gridfleet.emulator.errors import EmulatorError
    from gridfleet.emulator.setting import setting_of
    from layouts import load

    problems = list(_figure_faults(wanted, is_plain))
    if problems:
        raise EmulatorError("\n".join(problems))
    scenario: Scenario = build({k: v for k, v in given.items() if v is not None}, file)
    floor = load(scenario.layout)
    setting = setting_of(scenario, floor)
    if wanted.units == 0:
        setting = setting.without_units()
    n_units = len(setting.cells)
    units, stations = _devices(wanted.keys, n_units, floor)
    schedule = _schedule(wanted, floor, n_units)
    options = _options(wanted, scenario.seed)
    fleet = build_fleet(setting, wanted.connect, units, stations, options, schedule)
    return fleet, _notes(fleet, wanted)


def _devices(
    folder: Path | None, n_units: int, floor: Layout
) -> tuple[Sequence[DeviceSecret | str], Sequence[DeviceSecret | str]]:
    """Keys of units and stations, or their serials where there are none."""
    from gridfleet.emulator.building import secrets_of
    from gridfleet.emulator.errors import EmulatorError
    from gridfleet.wire_errors import wire_errors_as
    from hw_bridge.wire.keys import KeyStore

    if folder is None:
        return plain_serials(n_units), [station.name for station in floor.stations]
    with wire_errors_as(EmulatorError):
        return secrets_of(KeyStore(folder), n_units, floor)


def _schedule(wanted: _Wanted, floor: Layout, n_units: int) -> FaultSchedule | None:
    from gridfleet.emulator.faults import read_unit_faults
    from gridfleet.emulator.saved_floor import saved_time_s

    if wanted.faults is None:
        return None
    done_s = saved_time_s(wanted.state) if wanted.state is not None else 0.0
    hours = done_s / 3600.0 + (wanted.hours or ENDLESS_H)
    return read_unit_faults(wanted.faults, floor, n_units, hours, done_s)


def _options(wanted: _Wanted, seed: int) -> EmulatorOptions:
    from gridfleet.emulator.building import EmulatorOptions
    from gridfleet.emulator.floor import SensorOptions
    from gridfleet.emulator.localisation import Odometry

    return EmulatorOptions(
        seed=seed,
        wrong_scans=wanted.wrong_scans,
        state=wanted.state,
        truth=wanted.truth,
        state_s=1.0 / wanted.state_rate,
        sensors=SensorOptions(odometry=Odometry(missed=wanted.missed_markers)),
        first_session=int(time.time()),
    )


def plain_serials(n_units: int) -> list[str]:
    """Serials of units that need no keys: U0001 and so on."""
    return [f"U{number:04d}" for number in range(1, n_units + 1)]


def _figure_faults(wanted: _Wanted, is_plain: bool) -> list[str]:
    faults = []
    if wanted.keys is None and not is_plain:
        faults.append(
            "no keys: give --keys DIR (gridfleet keys init makes one), or say "
            "--insecure-plaintext for a controller without"
        )
    if not 0.0 < wanted.speed <= 100.0:
        faults.append(f"--speed is {wanted.speed:g}; give more than 0 and at most 100")
    if not 0.0 <= wanted.wrong_scans < 1.0:
        faults.append(f"--wrong-scans is {wanted.wrong_scans:g}; give 0 to less than 1")
    if not 0.0 <= wanted.missed_markers < 1.0:
        faults.append(f"--missed-markers is {wanted.missed_markers:g}; give 0 to less than 1")
    if not 0.03 <= wanted.state_rate <= 20.0:
        faults.append(f"--state-rate is {wanted.state_rate:g}; give 0.03 to 20 a second")
    if not 0.0 <= wanted.hours < 1e6:
        faults.append(f"--hours is {wanted.hours:g}; give 0 or more")
    return faults


def _notes(fleet: EmulatedFleet, wanted: _Wanted) -> list[str]:
    n_stations = len(fleet.stations.terminals)
    told = [f"{fleet.n_units} units and {n_stations} stations connect to {wanted.connect}"]
    keeper = fleet.extras.keeper
    if keeper is None:
        told.append("the floor is forgotten at the end; keep it with --state DIR")
    elif fleet.time_s > 0.0:
        told.append(f"the floor of {keeper.saved.folder} goes on at {_clock(fleet.time_s)} h")
    if fleet.extras.truth is not None:
        told.append(f"true poses at {fleet.extras.truth.address}")
    return told


def _live(fleet: EmulatedFleet, wanted: _Wanted, as_json: bool, is_quiet: bool) -> None:
    from gridfleet.emulator.clock import RealTimeRun
    from gridfleet.emulator.figures import figures_of

    end_s = fleet.time_s + wanted.hours * 3600.0 if wanted.hours else float("inf")
    run = RealTimeRun(fleet, wanted.speed)
    try:
        with StopOnInterrupt() as stop, _News(run, is_quiet) as news:
            while fleet.time_s < end_s - 1e-9 and not stop.asked():
                run.go_on(min(end_s, fleet.time_s + NEWS_S * wanted.speed), stop.asked)
                news.show()
            is_over = not stop.asked()
            fleet.say_goodbye()
        figures = figures_of(fleet, run.lost_s)
    except KeyboardInterrupt:
        print("interrupted: no summary", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        fleet.close(GOODBYE_S)
    if as_json:
        print(json.dumps(figures.as_json(), indent=2))
    else:
        print("\n".join(figures.lines_of_text()))
    if figures.contacts:
        print(f"error: bodies have touched {figures.contacts} times", file=sys.stderr)
        raise typer.Exit(FAILED)
    if not is_over:
        raise typer.Exit(INTERRUPTED)


class _News:
    """The progress line on stderr, and a line whenever the clock falls behind."""

    def __init__(self, run: RealTimeRun, is_quiet: bool) -> None:
        self._run, self._is_quiet = run, is_quiet
        self._is_live = not is_quiet and sys.stderr.isatty()
        self._shown_s = time.monotonic()
        self._lost_s = 0.0

    def __enter__(self) -> _News:
        return self

    def show(self) -> None:
        if self._is_quiet:
            return
        now_s = time.monotonic()
        if self._is_live:
            print(f"\r\x1b[K{self._text()}", end="", file=sys.stderr, flush=True)
        elif now_s - self._shown_s >= SLOW_NEWS_S:
            self._shown_s = now_s
            self._tell_lost()
            print(self._text(), file=sys.stderr, flush=True)

    def _tell_lost(self) -> None:
        lost_s = self._run.lost_s - self._lost_s
        if lost_s > 0.0:
            self._lost_s = self._run.lost_s
            print(
                f"too slow: the fleet's clock has fallen {lost_s:.1f} s behind; fewer units, a "
                "lower --speed or a faster machine would keep up",
                file=sys.stderr,
            )

    def _text(self) -> str:
        from gridfleet.emulator.figures import figures_of

        return figures_of(self._run.fleet, self._run.lost_s).short()

    def __exit__(self, *_: object) -> None:
        if self._is_live:
            print(file=sys.stderr)
        if not self._is_quiet:
            self._tell_lost()


def _clock(seconds: float) -> str:
    from gridfleet.cli.progress import clock

    return clock(seconds)

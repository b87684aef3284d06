"""One run into one folder, for every command that runs: progress, Ctrl-C, files, table, exit code.

Heavy modules are imported where they are used: `gridfleet --help` must not wait for them.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gridfleet.cli.compiling import tell_of_compiling
from gridfleet.cli.interrupt import StopOnInterrupt
from gridfleet.cli.progress import ProgressLine
from gridfleet.cli.summary import table

if TYPE_CHECKING:
    from fleet_control.journal import Recorder
    from gridfleet.poses.recording import PoseRecorder
    from gridfleet.record import BrokenRunError, RunRecord
    from gridfleet.scenario import Scenario
    from gridfleet.simulation import Simulation
    from twin.legs import Legs

FAILED, INTERRUPTED = 1, 130


def run(
    scenario: Scenario, folder: Path, *, as_json: bool = False, is_quiet: bool = False,
    journal: Path | None = None, keeps_legs: bool = False, is_shown: bool = False,
) -> None:  # fmt: skip
    """Run the scenario and leave its files in the folder. journal: a new file to keep the run in.
    keeps_legs: write what each unit did, leg by leg. is_shown: in a window of the engine.

    Raises GridfleetError before anything has run, and typer.Exit with 130 after Ctrl-C and with 1
    after a failure; then the folder holds what there was, marked partial.
    """
    from fleet_control.journal import JournalError
    from fleet_control.journal.database import check_free
    from gridfleet.run_folder import reserved
    from gridfleet.simulation import Simulation

    if journal is not None:
        if keeps_legs:
            raise JournalError("a run in a journal keeps no legs; leave out --legs or --journal")
        check_free(journal)
    try:
        with reserved(folder):
            simulation = Simulation(scenario, keeps_legs=keeps_legs, is_shown=is_shown)
            with closing(simulation), _begun(simulation, journal) as recorder:
                _run(simulation, folder, as_json, is_quiet, recorder)
    except KeyboardInterrupt:
        can_go_on = journal is not None and journal.exists()
        kept = (
            f"no result was written; go on with {journal}" if can_go_on else "nothing was written"
        )
        print(f"interrupted: {kept}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def _begun(simulation: Simulation, journal: Path | None) -> Iterator[Recorder | None]:
    """A journal where one is wanted. A controller that is killed on the way needs one in any case;
    nobody asked to keep that."""
    if journal is None and not simulation.needs_journal:
        yield None
        return
    from gridfleet.journalled import begun

    with (
        tempfile.TemporaryDirectory() as folder,
        begun(simulation, journal or Path(folder) / "run.journal") as recorder,
    ):
        yield recorder


def go_on(
    journal: Path, folder: Path | None, *, as_json: bool = False, is_quiet: bool = False
) -> None:
    """Go on with the run of a journal, and leave its files in the folder. Raises as `run` does."""
    from gridfleet.journalled import resumed
    from gridfleet.run_folder import default_folder, reserved

    try:
        with reserved(folder) if folder else nullcontext(), resumed(journal) as one:
            scenario = one.simulation.scenario
            chosen = folder or default_folder(scenario.layout, scenario.seed)
            with reserved(chosen):
                for note in one.notes:
                    print(f"{journal}: {note}", file=sys.stderr)
                _run(one.simulation, chosen, as_json, is_quiet, one.recorder)
    except KeyboardInterrupt:
        print("interrupted: no result was written; the journal can be resumed", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def _run(
    simulation: Simulation, folder: Path, as_json: bool, is_quiet: bool, recorder: Recorder | None
) -> None:
    from gridfleet.run_folder import FAILURE, REPORT

    scenario = simulation.scenario
    tell_of_compiling(is_quiet)
    record, failure = _drive(simulation, is_quiet, recorder)
    if scenario.faults and record.faults and failure is None:
        record = _with_reference(scenario, record, is_quiet)
    legs = simulation.legs.legs() if simulation.legs is not None else None
    figures = write_result(scenario, record, folder, failure, simulation.poses, legs)
    if as_json:
        print(json.dumps(figures, indent=2))
    else:
        print(table(figures))
        demand = record.demand
        for sentence in demand.sentences() if demand and demand.set_aside else []:
            print(f"orders: {sentence}")
        print(f"report: {folder / REPORT}")
    if failure:
        print(f"error: {failure}", file=sys.stderr)
        print(f"error: where the program was is in {folder / FAILURE}", file=sys.stderr)
        raise typer.Exit(FAILED)
    if record.partial:
        raise typer.Exit(INTERRUPTED)


def _drive(
    simulation: Simulation, is_quiet: bool, recorder: Recorder | None
) -> tuple[RunRecord, BrokenRunError | None]:
    """The record, and why the run failed, if it did."""
    from gridfleet.record import BrokenRunError

    hours, counted = simulation.scenario.hours, simulation.counted
    more = {} if recorder is None else {"recorder": recorder}
    with (
        StopOnInterrupt() as stop,
        ProgressLine(hours, counted, is_quiet, simulation.began_at_s) as line,
    ):
        try:
            return simulation.run(line.show, stop.asked, **more), None
        except BrokenRunError as error:
            return error.record, error


def _with_reference(scenario: Scenario, record: RunRecord, is_quiet: bool) -> RunRecord:
    """The record with what the same run does without faults, by which their cost is told. Where
    that is interrupted the costs are not known."""
    from dataclasses import replace

    import msgspec

    from gridfleet.kpis import output_times_s
    from gridfleet.simulation import Simulation

    hours = max(record.sim_s, 1.0) / 3600.0
    same = msgspec.structs.replace(scenario, faults="", poses_hz=0.0)
    simulation = Simulation(same)
    simulation.scenario = msgspec.structs.replace(same, hours=hours)
    if not is_quiet:
        print("the same run without faults, to tell what they cost", file=sys.stderr)
    reference, failure = _drive(simulation, is_quiet, None)
    if failure is not None or reference.partial:
        return record
    return replace(record, reference_done_s=output_times_s(reference))


def write_result(
    scenario: Scenario,
    record: RunRecord,
    folder: Path,
    failure: Exception | None,
    poses: PoseRecorder | None = None,
    legs: Legs | None = None,
) -> dict[str, Any]:
    """All files of the run; returns the KPIs. Exits with 1 where they cannot be written.

    Drawing the report takes seconds. Whoever presses Ctrl-C may not wait for it, so what there is
    of an interrupted run is in the folder before.
    """
    import traceback

    from gridfleet import run_folder as files
    from gridfleet.kpis import kpis
    from gridfleet.report import write_report

    figures, text = kpis(record), scenario.to_toml()
    is_published = False
    try:
        for is_last in (False, True) if record.partial else (True,):
            with files.replacing(folder) as staged:
                files.write_text(staged, files.SCENARIO, text)
                files.write_events(staged, record.events)
                if poses is not None:
                    files.write_poses(staged, poses.columns())
                if legs is not None:
                    files.write_legs(staged, legs)
                if is_last:
                    write_report(staged, record, figures, text)
                if failure is not None:
                    told_where = "".join(traceback.format_exception(failure))
                    files.write_text(staged, files.FAILURE, told_where)
                files.write_kpis(staged, figures)
            is_published = True
    except KeyboardInterrupt:
        if not is_published:
            raise
        print("interrupted: figures and events are written, the report is not", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    except files.RunFolderError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(FAILED) from None
    return figures

"""`gridfleet crosscheck`: the same floor in both engines, and how far to trust the fast one."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.interrupt import StopOnInterrupt

if TYPE_CHECKING:
    from gridfleet.crosscheck import Comparison, Pair, Row, Span
    from gridfleet.scenario import Scenario
    from twin.unit_model import UnitModel

FAILED, INTERRUPTED = 1, 130
FAST, TRUE = "kinematic", "physics"
FOLDERS = FAST, TRUE
RESULT, UNIT = "crosscheck.json", "unit.toml"
FIT_SHARE, FIT_LEAST_MIN = 0.5, 6.0
"""Minutes of the run that is fitted: such a share of those compared, and at least so many."""
FIT_SEED = 1000
"""More than the seed of the runs compared: no fit is checked by the legs that it is made of."""


def crosscheck(
    layout: Annotated[str, typer.Argument(help="Ready floor or a floor file.")],
    robots: Annotated[int, typer.Option(min=1, help="Units.")],
    minutes: Annotated[float, typer.Option(min=1.0, help="Simulated minutes that are compared.")],
    unit: Annotated[
        Path | None, typer.Option(help="Unit model, as calibrate writes it. [default: as built in]")
    ] = None,
    fit: Annotated[
        bool,
        typer.Option("--fit", help="First fit the kinematic parameters to a run in physics."),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of both runs.")] = 0,
    warm_up: Annotated[
        float, typer.Option(min=0.0, help="Minutes at the start that are not compared.")
    ] = 5.0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for both results and crosscheck.json. [default: none is kept]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Run the identical scenario in the kinematic and in the physics engine, and compare.

    \b
    As built in, then with the kinematic parameters fitted to the physics:
      gridfleet crosscheck teaching --robots 20 --minutes 60
      gridfleet crosscheck teaching --robots 20 --minutes 60 --fit --out check

    \b
    The fitted model on another floor:
      gridfleet crosscheck demo --robots 30 --minutes 60 --unit check/unit.toml

    Each engine has a process of its own. Ctrl-C ends both, and compares what there is. How the
    differences and their intervals come about: docs/crosscheck.md. Exit codes: 0 compared, whatever
    the differences, 2 bad usage or input, 1 a run failed, 130 Ctrl-C.
    """
    with reported():
        from gridfleet.calibration import read_unit
        from gridfleet.crosscheck import Span
        from twin.unit_model import DEFAULT_UNIT

        model = read_unit(unit) if unit is not None else DEFAULT_UNIT
        span = Span(minutes, warm_up)
        with ExitStack() as stack:
            folders = _reserve(out, stack)
            if fit:
                model = _fit(layout, robots, seed, span, model, quiet)
                _write_unit(model, layout, out)
            scenarios = _scenarios(layout, robots, seed, span, model)
            pair, is_cut = _run(scenarios, span, quiet)
            _tell(pair, span, seed, is_cut, as_json, out, folders)


def _scenarios(
    layout: str, robots: int, seed: int, span: Span, model: UnitModel
) -> tuple[Scenario, Scenario]:
    """The same but for the engine."""
    import msgspec

    from gridfleet.scenario import Scenario

    fast = Scenario(
        layout=layout, robots=robots, seed=seed, hours=span.hours, unit=model, engine=FAST,
        poses_hz=0.0,
    ).resolved(Path())  # fmt: skip
    return fast, msgspec.structs.replace(fast, engine=TRUE)


def _reserve(out: Path | None, stack: ExitStack) -> list[Path]:
    """Folders of both results, made sure of before anything runs."""
    from gridfleet.run_folder import reserved

    if out is None:
        return []
    return [stack.enter_context(reserved(out / name)) for name in FOLDERS]


# ---------------------------------------------------------------------- running


def _run(scenarios: tuple[Scenario, Scenario], span: Span, is_quiet: bool) -> tuple[Pair, bool]:
    """Both sides, and whether Ctrl-C cut them."""
    from gridfleet.cli.two_bars import TwoBars
    from gridfleet.crosscheck import CrosscheckError, run_pair

    names = [scenario.engine for scenario in scenarios]
    with StopOnInterrupt() as stop, TwoBars(names, span.hours, is_quiet) as bars:
        try:
            pair = run_pair(scenarios, span, bars.show, stop.asked)
        except (CrosscheckError, KeyboardInterrupt):
            if not stop.asked():
                raise
            print("interrupted: nothing was written", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
    for side in (pair.fast, pair.true):
        if side.failure:
            print(f"error: {side.scenario.engine}: {side.failure}", file=sys.stderr)
            raise typer.Exit(FAILED)
    return pair, stop.asked()


def _fit(
    layout: str, robots: int, seed: int, span: Span, model: UnitModel, is_quiet: bool
) -> UnitModel:
    """The model with a calibration that is fitted to a run of other orders in physics."""
    from gridfleet.calibration import calibrate
    from gridfleet.cli.calibrate import fit_table
    from gridfleet.cli.two_bars import TwoBars
    from gridfleet.crosscheck import Span, run_side

    minutes = max(FIT_LEAST_MIN, FIT_SHARE * span.minutes)
    fitting = Span(minutes, 0.0)
    _, true = _scenarios(layout, robots, seed + FIT_SEED, fitting, model)
    with StopOnInterrupt() as stop, TwoBars([f"{TRUE}, to fit"], fitting.hours, is_quiet) as bars:
        side = run_side(true, fitting, lambda sim_s: bars.show([sim_s]), stop.asked)
    if side.failure:
        print(f"error: {TRUE}, to fit: {side.failure}", file=sys.stderr)
        raise typer.Exit(FAILED)
    if stop.asked():
        print("interrupted before anything was compared: nothing was written", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)
    fitted = calibrate(side.legs, model)
    if not is_quiet:
        print(fit_table(fitted), file=sys.stderr)
    return fitted.unit


def _write_unit(model: UnitModel, layout: str, out: Path | None) -> None:
    from gridfleet.calibration import write_unit

    path = out / UNIT if out is not None else Path(f"{Path(layout).stem}-{UNIT}")
    write_unit(path, model, f"Measured by gridfleet crosscheck --fit on {layout}.")
    print(f"unit model: {path}", file=sys.stderr)


# ---------------------------------------------------------------------- telling


def _tell(
    pair: Pair, span: Span, seed: int, is_cut: bool, as_json: bool, out: Path | None,
    folders: list[Path],
) -> None:  # fmt: skip
    from gridfleet.crosscheck import CrosscheckError, compare
    from gridfleet.run_folder import write_text

    try:
        found = compare(pair, span, seed)
    except CrosscheckError as error:
        if not is_cut:
            raise
        print(f"interrupted: {error}; nothing was written", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    text = json.dumps(_without_nan(found.as_json()), indent=2)
    if out is not None:
        _write_results(pair, folders)
        write_text(out, RESULT, text + "\n")
    print(text if as_json else table(found))
    if out is not None and not as_json:
        print(f"results: {', '.join(map(str, folders))} and {out / RESULT}")
    if is_cut:
        raise typer.Exit(INTERRUPTED)


def _write_results(pair: Pair, folders: list[Path]) -> None:
    from gridfleet.cli.running import write_result

    for side, folder in zip((pair.fast, pair.true), folders, strict=True):
        write_result(side.scenario, side.record, folder, None, legs=side.legs)


def _without_nan(value: Any) -> Any:
    """JSON has no nan: what nobody has seen is null."""
    if isinstance(value, dict):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(entry) for entry in value]
    return None if isinstance(value, float) and value != value else value


def table(found: Comparison) -> str:
    """The verdict, then a line for each figure."""
    fast, true = found.engines
    says = f"{found.n_units} units, {found.minutes:g} min in {found.n_batches} batches"
    head = f"{'':<30}{fast:>12}{true:>12}{'difference':>13}{'95 % interval':>20}"
    return "\n".join(
        [
            found.verdict, says, "",
            f"{head}", *map(_line, found.kpis), "",
            f"{head}{'legs':>17}", *map(_line, found.legs),
        ]
    )  # fmt: skip


def _line(row: Row) -> str:
    found = row.difference
    percent = "-" if found.percent is None else f"{found.percent:+.2f} %"
    between = "-"
    if found.low is not None and found.high is not None:
        between = f"{found.low:+.2f} to {found.high:+.2f}"
    name = f"{row.name}, {row.unit}" if row.unit else row.name
    counts = "" if row.n_fast is None else f"{f'{row.n_fast:,} {row.n_true:,}':>17}"
    fast, true = map(_figure, (found.fast, found.true))
    return f"{name:<30}{fast:>12}{true:>12}{percent:>13}{between:>20}{counts}"


def _figure(value: float) -> str:
    if value != value:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100.0 or value == 0.0 else f"{value:.3f}"

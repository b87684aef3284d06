"""`gridfleet simulate`: a floor, its orders and its fleet, from options or a scenario file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported

if TYPE_CHECKING:
    from gridfleet.scenario import Scenario


def simulate(
    layout: Annotated[
        str | None,
        typer.Argument(
            help="Ready floor (gridfleet layouts list) or a floor file.", show_default=False
        ),
    ] = None,
    robots: Annotated[
        int | None, typer.Option(help="Units. [default: as the floor advises]")
    ] = None,
    max_working: Annotated[
        int | None,
        typer.Option(
            help="Units that have work at once; the surplus parks or rests out of the way. "
            "[default: as many as the floor carries]"
        ),
    ] = None,
    orders: Annotated[
        str | None, typer.Option(help="CSV or Parquet file, or 'synthetic'. [default: synthetic]")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="How to read the file: plain, with-returns, online-retail. [default: plain]"
        ),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Names in the file, as order_id=invoice,sku=item.")
    ] = None,
    stock: Annotated[
        str | None,
        typer.Option(help="CSV or Parquet with sku, units, pod. [default: as orders need]"),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(help="Begin of the window, as 2011-11-15T08:00. [default: first order]"),
    ] = None,
    hours: Annotated[float | None, typer.Option(help="Simulated hours. [default: 8]")] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="How units move: kinematic, exactly as their limits say; physics, as bodies with "
            "masses and motors. [default: kinematic]"
        ),
    ] = None,
    detail: Annotated[
        str | None,
        typer.Option(
            help="Of the physics engine: wheels, with wheels and lifts; planar, boxes that slide, "
            "for large fleets. [default: wheels]"
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(help="Of the physics engine; the run is the same with any. [default: 1]"),
    ] = None,
    gui: Annotated[
        bool, typer.Option("--gui", help="Show the bodies of the physics engine in a window.")
    ] = False,
    planner: Annotated[
        str | None,
        typer.Option(
            help="How paths are found: pibt, epibt, windowed, or auto for what suits floor and "
            "fleet (docs/planners.md). [default: auto]"
        ),
    ] = None,
    allocation: Annotated[
        str | None,
        typer.Option(help="Which unit takes which task: optimal, nearest. [default: optimal]"),
    ] = None,
    guidance: Annotated[
        str | None,
        typer.Option(
            help="What moves cost: none, lanes (or strict-lanes, gentle-lanes), online, or a file "
            "(docs/guidance.md). [default: lanes]"
        ),
    ] = None,
    due_hours: Annotated[
        float | None, typer.Option(help="Time to fill an order that has no due time. [default: 4]")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same run. [default: 0]")] = None,
    scenario: Annotated[
        Path | None,
        typer.Option(help="Scenario file or result folder to run; other options override it."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Result folder. [default: runs/LAYOUT-SEED]")
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(help="File of what goes wrong and when (docs/faults.md). [default: nothing]"),
    ] = None,
    poses: Annotated[
        float | None,
        typer.Option(
            metavar="HZ",
            help="Record poses so often a second, for gridfleet render. [default: 0, with the "
            "physics engine 10]",
        ),
    ] = None,
    unit: Annotated[
        Path | None,
        typer.Option(
            help="Unit model to drive with, as calibrate writes it. [default: as built in]"
        ),
    ] = None,
    legs: Annotated[
        bool, typer.Option("--legs", help="Write legs.parquet: what each unit did, leg by leg.")
    ] = False,
    journal: Annotated[
        Path | None,
        typer.Option(help="Keep the run in this file: go on with it by gridfleet resume."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the KPIs as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Run a floor in the digital twin and measure it.

    \b
    A ready floor with made-up orders, then with more units and another seed:
      gridfleet simulate teaching --hours 2
      gridfleet simulate teaching --hours 2 --robots 26 --seed 1

    \b
    Nine hours of an order file that names its columns in its own way:
      gridfleet simulate demo --orders week.csv --preset online-retail \\
          --columns order_id=Invoice,sku=StockCode --start 2011-11-15T08:00 --hours 9

    \b
    A sortation floor, for which a scenario file may have a table [parcels]:
      gridfleet simulate sorting.grid --robots 100 --hours 1

    \b
    A bare MovingAI map: random point-to-point errands instead of orders:
      gridfleet simulate warehouse.map --robots 300 --hours 0.5

    \b
    The same run again, then with another way to allocate:
      gridfleet simulate --scenario runs/teaching-0 --out again
      gridfleet simulate --scenario runs/teaching-0 --allocation nearest --out nearest

    \b
    A run that can be killed at any moment and goes on where it was:
      gridfleet simulate demo --journal run.journal --out run
      gridfleet resume run.journal --out run

    \b
    The same floor with bodies: masses, wheels, friction, lifts (docs/physics.md):
      gridfleet simulate teaching --engine physics --hours 0.2

    \b
    A run to make pictures of:
      gridfleet simulate demo --hours 0.1 --poses 10 --out run
      gridfleet render run --at 0:05:00 --out floor.png

    \b
    Units as they were measured on a floor of one's own (docs/crosscheck.md):
      gridfleet calibrate wire.jsonl.gz --out unit.toml
      gridfleet simulate demo --unit unit.toml

    \b
    A shift in which units fail, links break, people walk in and the controller is killed:
      gridfleet simulate demo --hours 2 --faults examples/faults.toml

    Ctrl-C ends a run with a usable result that is marked partial; a second one leaves at once.
    Exit codes: 0 success, 2 bad usage or input, 1 failure, 130 Ctrl-C.
    """
    given: dict[str, Any] = {
        "layout": layout, "robots": robots, "orders": orders, "stock": stock, "preset": preset,
        "start": start, "hours": hours, "engine": engine, "planner": planner,
        "allocation": allocation, "guidance": guidance, "due_hours": due_hours, "seed": seed,
        "max_working": max_working, "faults": faults, "poses_hz": poses, "detail": detail,
        "processes": processes,
    }  # fmt: skip
    with reported():
        if columns is not None:
            given["columns"] = pairs(columns)
        if unit is not None:
            from gridfleet.calibration import read_unit

            given["unit"] = read_unit(unit)
        wanted = build({key: value for key, value in given.items() if value is not None}, scenario)
        from gridfleet.cli.running import run
        from gridfleet.run_folder import default_folder

        folder = out or default_folder(wanted.layout, wanted.seed)
        run(
            wanted,
            folder,
            as_json=as_json,
            is_quiet=quiet,
            journal=journal,
            keeps_legs=legs,
            is_shown=gui,
        )


def build(given: dict[str, Any], file: Path | None) -> Scenario:
    """The scenario of the options given, over that of the file where there is one."""
    from gridfleet.overrides import overridden, scenario_file

    return overridden(scenario_file(file) if file is not None else None, given)


def pairs(text: str) -> dict[str, str]:
    from gridfleet.scenario import ScenarioError

    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not name.strip() or not value.strip() for name, _, value in pairs):
        raise ScenarioError(f"--columns is {text!r}; write order_id=invoice,sku=item")
    return {name.strip(): value.strip() for name, _, value in pairs}

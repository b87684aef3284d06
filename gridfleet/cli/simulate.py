"""`gridfleet simulate` and `gridfleet demo`."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported

if TYPE_CHECKING:
    from gridfleet.scenario import Scenario

INTERRUPTED = 130


def simulate(
    layout: Annotated[str, typer.Argument(help="Ready floor (gridfleet layouts list) or a file.")],
    robots: Annotated[int, typer.Option(help="Units; 0: as the floor advises.")] = 0,
    orders: Annotated[str, typer.Option(help="CSV or Parquet file, or 'synthetic'.")] = "synthetic",
    preset: Annotated[
        str, typer.Option(help="How to read the file: plain, online-retail.")
    ] = "plain",
    columns: Annotated[
        str, typer.Option(help="Names in the file, as order_id=invoice,sku=item.")
    ] = "",
    start: Annotated[str, typer.Option(help="Begin of the window, as 2011-11-15T08:00.")] = "",
    hours: Annotated[float, typer.Option(help="Simulated hours.")] = 8.0,
    engine: Annotated[str, typer.Option(help="kinematic.")] = "kinematic",
    planner: Annotated[str, typer.Option(help="pibt.")] = "pibt",
    allocation: Annotated[str, typer.Option(help="optimal or nearest.")] = "optimal",
    lanes: Annotated[bool, typer.Option(help="Make lanes from the floor.")] = True,
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Result folder; default runs/LAYOUT-SEED.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the KPIs as JSON.")] = False,
    quiet: Annotated[bool, typer.Option(help="No progress bar.")] = False,
) -> None:
    """Run a floor in the digital twin and measure it.

    gridfleet simulate demo --hours 4

    gridfleet simulate demo --orders week.csv --preset online-retail --hours 9
    """
    from gridfleet.scenario import Scenario

    with reported():
        scenario = Scenario(
            layout=_absolute(layout), robots=robots, orders=_absolute(orders), preset=preset,
            columns=_pairs(columns), start=start, hours=hours, engine=engine, planner=planner,
            allocation=allocation, lanes=lanes, seed=seed,
        )  # fmt: skip
        folder = out or Path("runs") / f"{Path(layout).stem}-{seed}"
        run(scenario, folder, as_json, quiet)


def demo(
    out: Annotated[Path, typer.Option(help="Result folder.")] = Path("demo-run"),
    hours: Annotated[float, typer.Option(help="Simulated hours.")] = 8.0,
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 0,
) -> None:
    """A shift of orders on a ready floor, and where its report is."""
    from gridfleet.scenario import Scenario

    with reported():
        run(Scenario(layout="demo", hours=hours, seed=seed), out, as_json=False, quiet=False)


def _absolute(name: str) -> str:
    """A file by its full path, so that the saved scenario runs from any folder."""
    return str(Path(name).resolve()) if Path(name).is_file() else name


def _pairs(text: str) -> dict[str, str]:
    from gridfleet.scenario import ScenarioError

    pairs = [part.partition("=") for part in text.split(",") if part]
    if any(not name or not value for name, _, value in pairs):
        raise ScenarioError(f"--columns is {text!r}; write order_id=invoice,sku=item")
    return {name.strip(): value.strip() for name, _, value in pairs}


def run(scenario: Scenario, folder: Path, as_json: bool, quiet: bool) -> None:
    """Run a scenario into a folder; Ctrl-C ends it with a usable folder and exit code 130."""
    from gridfleet import run_folder
    from gridfleet.kpis import kpis
    from gridfleet.report import write_report
    from gridfleet.simulation import Simulation

    simulation = Simulation(scenario)
    folder = run_folder.prepare(folder)
    stop = _StopOnInterrupt()
    with _bar(quiet, scenario.hours) as show:
        record = simulation.run(show, stop.asked)
    stop.restore()
    figures = kpis(record)
    run_folder.write_text(folder, run_folder.SCENARIO, scenario.to_toml())
    run_folder.write_kpis(folder, figures)
    run_folder.write_events(folder, record.events)
    summary = simulation.demand_summary
    demand = summary.sentences() if summary else []
    report = write_report(folder, record, figures, scenario.to_toml(), demand)
    if as_json:
        print(json.dumps(figures, indent=2))
    else:
        _print_table(figures)
        print(f"report: {report}")
    if record.partial:
        raise typer.Exit(INTERRUPTED)


class _StopOnInterrupt:
    """Turns the first Ctrl-C into a wish that the run looks for after each cycle."""

    def __init__(self) -> None:
        self._asked = False
        self._before = signal.signal(signal.SIGINT, self._note)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked = True

    def asked(self) -> bool:
        return self._asked

    def restore(self) -> None:
        signal.signal(signal.SIGINT, self._before)


class _bar:  # noqa: N801 - used like a function
    """A live line of progress on stderr; nothing when that is not a terminal."""

    def __init__(self, quiet: bool, hours: float) -> None:
        self._is_shown = not quiet and sys.stderr.isatty()
        self._hours = hours

    def __enter__(self) -> Any:
        if not self._is_shown:
            return None
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
            console=Console(stderr=True),
        )  # fmt: skip
        self._progress.start()
        self._task = self._progress.add_task("starting", total=self._hours * 3600)
        return self._show

    def _show(self, news: Any) -> None:
        elapsed = self._progress.tasks[self._task].elapsed or 1e-9
        text = (
            f"{news.sim_s / 3600:5.2f} h  {news.sim_s / elapsed:6.0f} x real time  "
            f"{news.picks:6d} picks  {news.active_units:4d} of {news.n_units} units"
        )
        self._progress.update(self._task, completed=news.sim_s, description=text)

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._progress.stop()


def _print_table(figures: dict[str, Any]) -> None:
    names = (
        "orders_completed", "lines_per_hour", "units_per_hour", "picks_per_station_hour",
        "pile_on_lines", "late_orders", "tasks_per_hour", "contacts", "conflicts",
        "speed_x_real_time", "wall_s", "partial",
    )  # fmt: skip
    for name in names:
        if figures[name] is not None:
            print(f"{name:<24}{figures[name]}")

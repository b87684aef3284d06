"""The `gridfleet` command and its subcommands."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from gridfleet.cli import bench as bench_cli
from gridfleet.cli import ctl as ctl_cli
from gridfleet.cli import guidance as guidance_cli
from gridfleet.cli import keys as keys_cli
from gridfleet.cli import layouts as layouts_cli
from gridfleet.cli.calibrate import calibrate
from gridfleet.cli.check_log import check_log
from gridfleet.cli.check_unit import check_unit
from gridfleet.cli.crosscheck import crosscheck
from gridfleet.cli.demo import demo
from gridfleet.cli.diff import diff
from gridfleet.cli.emulate import emulate
from gridfleet.cli.experiments.compare import compare
from gridfleet.cli.experiments.fleet_curve import fleet_curve
from gridfleet.cli.experiments.lost_capacity import lost_capacity
from gridfleet.cli.experiments.sweep import sweep
from gridfleet.cli.mapf import mapf
from gridfleet.cli.render import render
from gridfleet.cli.replay import replay
from gridfleet.cli.resume import resume
from gridfleet.cli.serve import serve
from gridfleet.cli.simulate import simulate
from gridfleet.cli.torture import torture

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Plans, executes, simulates and measures the drive units of a fulfilment floor.",
)
app.command()(simulate)
app.command()(resume)
app.command()(render)
app.command()(replay)
app.command()(compare)
app.command()(fleet_curve)
app.command()(lost_capacity)
app.command()(diff)
app.command()(sweep)
app.command()(crosscheck)
app.command()(calibrate)
app.command()(demo)
app.command()(torture)
app.command()(serve)
app.add_typer(keys_cli.app, name="keys")
app.add_typer(ctl_cli.app, name="ctl")
app.command()(check_log)
app.command()(check_unit)
app.command()(emulate)
app.command()(mapf)
app.add_typer(layouts_cli.app, name="layouts")
app.add_typer(bench_cli.app, name="bench")
app.add_typer(guidance_cli.app, name="guidance")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(version("gridfleet"))
        raise typer.Exit


@app.callback()
def _common(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point of the console script."""
    app()

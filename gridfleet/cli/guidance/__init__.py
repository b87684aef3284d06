"""`gridfleet guidance`: costs of moves that steer traffic. One module for each subcommand."""

from __future__ import annotations

import typer

from gridfleet.cli.guidance import optimise, show

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Search and show the costs of moves that steer traffic.",
)
app.command("optimise")(optimise.optimise)
app.command("show")(show.show)

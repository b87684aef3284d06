"""`gridfleet bench`: planners under the rules of others. One module for each subcommand."""

from __future__ import annotations

import typer

from gridfleet.cli.bench import lifelong, lorr

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Measure planners, and check results."
)
app.command("lorr")(lorr.lorr)
app.command("lifelong")(lifelong.lifelong)

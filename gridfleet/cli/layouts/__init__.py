"""`gridfleet layouts`: ready floors and floor files. One module for each subcommand."""

from __future__ import annotations

import typer

from gridfleet.cli.layouts import check, convert, diff, generate, listing, show

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List, show, check, compare, convert and make floors.",
)
app.command("list")(listing.list_floors)
app.command("show")(show.show)
app.command("check")(check.check)
app.command("convert")(convert.convert)
app.command("diff")(diff.diff)
app.add_typer(generate.app, name="generate")

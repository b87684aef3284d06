"""`gridfleet ctl`: ask a live fleet. One module for each group of subcommands."""

from __future__ import annotations

import typer

from gridfleet.cli.ctl import areas, orders, status, units

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=(
        "Ask a live fleet: how it is, to pause and go on, to close areas, to take orders.\n\n"
        "Every command takes --connect and --keys, or GRIDFLEET_CONTROL and GRIDFLEET_KEYS of the "
        "environment. What changes something is answered when it is in the journal. Exit codes: "
        "0 done, 1 refused or not confirmed, 2 bad usage or no answer."
    ),
)
app.command("status")(status.status)
app.command("pause")(units.pause)
app.command("resume")(units.resume)
app.command("drain")(units.drain)
app.command("undrain")(units.undrain)
app.command("remove")(units.remove)
app.command("admit")(units.admit)
app.command("close")(areas.close)
app.command("open")(areas.open_area)
app.command("block")(areas.block)
app.command("unblock")(areas.unblock)
app.command("cancel-task")(orders.cancel_task)
app.command("cancel-order")(orders.cancel_order)
app.command("order")(orders.order)
app.add_typer(orders.app, name="orders")

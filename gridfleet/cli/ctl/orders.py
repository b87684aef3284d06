"""`gridfleet ctl` orders, order, cancel-order, cancel-task."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from gridfleet.cli.ctl.asking import DEFAULT, As, AsJson, Connect, Keys, Timeout, Where, ask
from gridfleet.cli.errors import reported

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Orders from files.")
Due = Annotated[float | None, typer.Option(help="Hours from now until it is due.")]


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file of order lines.")],
    preset: Annotated[
        str, typer.Option(help="How to read it: plain, with-returns, online-retail.")
    ] = "plain",
    columns: Annotated[
        str | None, typer.Option(help="Names in the file, as order_id=invoice,sku=item.")
    ] = None,
    start: Annotated[str, typer.Option(help="Begin of the window. [default: first order]")] = "",
    hours: Annotated[float | None, typer.Option(help="Length of the window.")] = None,
    due_hours: Due = None,
    connect: Connect = DEFAULT, keys: Keys = None, operator: As = "", timeout: Timeout = 30.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Place all orders of a file (or of a window of it) now.

    Times in the file only tell which orders are meant: they are all placed at this moment, and due
    after --due-hours, or as long after being placed as in the file. All are taken, or none.
    """
    with reported():
        found = _read(file, preset, columns, start, hours, due_hours)
    where = Where(connect, keys, operator, as_json, timeout)
    n_lines = sum(len(order["lines"]) for order in found)
    told = f"{len(found):,} orders with {n_lines:,} lines are placed"
    ask(where, told, "add-orders", orders=found)


def _read(
    file: Path, preset: str, columns: str | None, start: str, hours: float | None,
    due_hours: float | None,
) -> list[dict[str, Any]]:  # fmt: skip
    from dataclasses import replace
    from math import isfinite

    from gridfleet.cli.simulate import pairs
    from gridfleet.demand import OrderFile, read_orders
    from gridfleet.demand.presets import find_preset

    named = find_preset(preset).columns
    chosen = replace(named, **pairs(columns)) if columns is not None else None
    book, _ = read_orders(OrderFile(file, preset, chosen, start, hours, due_hours or 4.0))
    starts = book.line_starts().tolist()
    orders: list[dict[str, Any]] = []
    for order, name in enumerate(book.order_names):
        due_s = float(book.due_s[order] - book.placed_s[order])
        if due_hours is not None:
            due_s = due_hours * 3600.0
        lines = [
            {
                "sku": book.sku_names[int(book.line_sku[line])],
                "quantity": int(book.line_quantity[line]),
            }
            for line in range(starts[order], starts[order + 1])
        ]
        orders.append(
            {"name": name, "lines": lines, "due_in_s": due_s if isfinite(due_s) else None}
        )
    return orders


def order(
    lines: Annotated[
        list[str], typer.Argument(help="SKU:UNITS each; units below 0 are a return.")
    ],
    name: Annotated[str, typer.Option(help="Of the order. [default: made up]")] = "",
    due_hours: Due = None,
    connect: Connect = DEFAULT, keys: Keys = None, operator: As = "", timeout: Timeout = 10.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Place one order now.

    \b
      gridfleet ctl order 85123A:6 71053:2 --name rush-17 --due-hours 0.5
    """
    with reported():
        chosen = name or f"ctl-{secrets.token_hex(4)}"
        made = {
            "name": chosen, "lines": _lines(lines),
            "due_in_s": None if due_hours is None else due_hours * 3600.0,
        }  # fmt: skip
    where = Where(connect, keys, operator, as_json, timeout)
    ask(where, f"order {chosen} is placed", "add-orders", orders=[made])


def _lines(words: list[str]) -> list[dict[str, Any]]:
    from gridfleet.live.requests import RequestError

    lines, faults = [], []
    for word in words:
        sku, _, units = word.rpartition(":")
        try:
            lines.append({"sku": sku, "quantity": int(units)})
        except ValueError:
            faults.append(f"{word!r} is no line; write SKU:UNITS, as 85123A:6")
    if faults:
        raise RequestError("\n".join(faults))
    return lines


def cancel_order(
    name: Annotated[str, typer.Argument(help="Name of the order.")],
    connect: Connect = DEFAULT, keys: Keys = None, operator: As = "", timeout: Timeout = 10.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Cancel an order: what people have not been given of it is not wanted any more."""
    where = Where(connect, keys, operator, as_json, timeout)
    ask(where, f"order {name} is cancelled", "cancel-order", order=name)


def cancel_task(
    task: Annotated[int, typer.Argument(help="Number of the task (gridfleet ctl status).")],
    connect: Connect = DEFAULT, keys: Keys = None, operator: As = "", timeout: Timeout = 10.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Cancel a task whose pod has not been lifted: its unit is free, its lines are open again.

    They are done by other pods, or by the same one in a later task; its pod is left where it is for
    two minutes. To have lines not done at all, cancel their order.
    """
    where = Where(connect, keys, operator, as_json, timeout)
    ask(where, f"task {task} is cancelled, its lines are open again", "cancel-task", task=task)

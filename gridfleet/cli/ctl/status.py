"""`gridfleet ctl status`: the fleet in tables for people, or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.ctl.asking import (
    DEFAULT,
    As,
    AsJson,
    Connect,
    Keys,
    Timeout,
    Where,
    client_of,
)
from gridfleet.cli.errors import reported

if TYPE_CHECKING:
    from rich.table import Table

Status = dict[str, Any]
WELL = "working"


def status(
    everything: Annotated[
        bool, typer.Option("--units", help="Every unit, also those that work.")
    ] = False,
    links: Annotated[bool, typer.Option("--links", help="Every link to a device.")] = False,
    connect: Connect = DEFAULT, keys: Keys = None, operator: As = "", timeout: Timeout = 10.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """How the fleet is: units by condition, who waits for whom, stations, areas, work, links.

    What a condition means and what to do about it is in docs/operations.md.
    """
    where = Where(connect, keys, operator, as_json, timeout)
    with reported(), client_of(where) as client:
        found = client.ask("status").result
    if as_json:
        print(json.dumps(found, indent=2))
        return
    show(found, everything=everything, has_links=links)


def show(found: Status, *, everything: bool, has_links: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for line in head_lines(found):
        console.print(line, markup=False)
    rows = [row for row in found["units"] if everything or row["status"] != WELL]
    if rows:
        console.print(_units(rows))
    bad = [row for row in found["stations"] if not row["is_ready"] or row["is_cut_off"]]
    for row in bad:
        why = "not ready" if not row["is_ready"] else "cannot be reached"
        console.print(f"station {row['name']}: {why}, gets no new work", markup=False)
    if has_links:
        console.print(_links(found["links"].get("devices", [])))


def head_lines(found: Status) -> list[str]:
    """All that is not a table."""
    minutes = int(found["time_s"] // 60)
    conditions = ", ".join(f"{n} {name}" for name, n in sorted(found["conditions"].items()))
    cycle = found["cycle"]
    lines = [
        f"{minutes // 60}:{minutes % 60:02d} h on {found['layout']}, epoch {found['epoch']}",
        f"units: {conditions}",
        f"work: {_work(found['work'])}",
        f"cycle: {cycle['overruns']:,} of {cycle['cycles']:,} too long, the longest "
        f"{1000 * cycle['longest_s']:.0f} ms",
    ]
    if links := found["links"]:
        refused = sum(links["refused"].values())
        lines.append(
            f"link: {sum(links['messages_in'].values()):,} messages in, "
            f"{sum(links['messages_out'].values()):,} out, {links['messages_lost']:,} lost, "
            f"{refused:,} refused; order echo half within "
            f"{1000 * links['order_echo_s']['p50']:.0f} ms, 99% within "
            f"{1000 * links['order_echo_s']['p99']:.0f} ms"
        )
    return [*lines, *_wishes(found), *found["sentences"]]


def _work(work: Status) -> str:
    parts = [f"{work['done']:,} {work['counted']}"]
    if "orders_placed" in work:
        parts.append(f"{work['orders_done']:,} of {work['orders_placed']:,} orders done")
    if work.get("orders_cancelled"):
        parts.append(f"{work['orders_cancelled']:,} cancelled")
    parts.append(f"{work['units_working']:,} units with a task")
    parts.append(f"{work['open_tasks']:,} tasks open")
    if work["is_held_back"]:
        parts.append("tasks are held back while units stand in each other's way")
    if work["scans_refused"]:
        parts.append(f"{work['scans_refused']:,} scans refused")
    return ", ".join(parts)


def _wishes(found: Status) -> list[str]:
    lines = []
    if found["is_all_paused"]:
        stopped = found["is_all_stopped"]
        lines.append("everyone was asked to stand" + (": all have confirmed" if stopped else ""))
    if found["unconfirmed"]:
        lines.append(f"not confirmed: {', '.join(found['unconfirmed'])}")
    if found["is_draining"]:
        lines.append("drained" if found["is_drained"] else "draining: no new tasks")
    for area in found["areas"]:
        inside = ", ".join(area["units_inside"])
        lines.append(
            f"area {area['name']} is closed, " + (f"inside: {inside}" if inside else "empty")
        )
    if found["stranded"]:
        lines.append(f"without a way to their goal: {', '.join(found['stranded'])}")
    return lines


def _units(rows: list[Status]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("unit", "condition", "row", "column", "task", "goal", "what to do"):
        table.add_column(name)
    for row in rows:
        table.add_row(
            row["serial"], row["status"] + (", led around" if row["is_led_around"] else ""),
            _text(row["row"]), _text(row["column"]), _text(row["task"]), _text(row["goal"]),
            row["cure"],
        )  # fmt: skip
    return table


def _links(devices: list[Status]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in (
        "device",
        "heard s ago",
        "session",
        "in",
        "lost",
        "out",
        "round trip s",
        "waits s",
    ):
        table.add_column(name, justify="left" if name == "device" else "right")
    for row in devices:
        keys = ("heard_ago_s", "session", "received", "lost", "sent", "round_trip_s", "waits_s")
        table.add_row(row["serial"], *(_text(row[key]) for key in keys))
    return table


def _text(value: object) -> str:
    return "" if value is None else str(value)

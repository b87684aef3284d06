"""A long shift over the bridge, faster than real time: memory, overlaps, lost work.

    python benchmarks/bridge_soak.py --units 100 --speed 4 --minutes 60

`gridfleet serve` with made-up orders and `gridfleet emulate`, as people run them, for so many
minutes of real time. Memory of both is sampled ten times; that of the last half has to be flat. The
emulator counts bodies that touch; the controller is asked in the end for work that it has given up,
and then, with no more new work, for work that does not come to an end.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import bridge_rig as rig

from fleet_control.events import EventKind
from gridfleet.emulator.truth import TruthReader
from gridfleet.live.client import ControlError, OperatorClient
from gridfleet.torture.tasks import Columns, find_doubled
from gridfleet.torture.wire.accounts import read_accounts

SAMPLES = 10
PATIENCE_S = 60.0
DRAIN_MINUTES = 20.0
"""Of the fleet, for what is under way to be finished."""


def main() -> None:
    parser = rig.fleet_options(__doc__, speed=4.0)
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        soak(options, Path(folder))


def soak(options: argparse.Namespace, folder: Path) -> None:
    (folder / "run").mkdir()
    with rig.fleet_of(options, folder, "--out", folder / "run") as fleet:
        client = OperatorClient(fleet.control, rig.operator_of(folder), PATIENCE_S)
        reader = TruthReader(fleet.truth)
        try:
            watch(options, client, reader, (fleet.serve, fleet.emulate))
        finally:
            client.close()
            reader.close()
    print(rig.table(accounts_of(folder)))


def watch(
    options: argparse.Namespace, client: OperatorClient, reader: TruthReader,
    commands: tuple[rig.Command, rig.Command],
) -> None:  # fmt: skip
    """Samples while it runs, then the end of all work."""
    print("minutes  controller MB  emulator MB  CPU of both  contacts  fleet h  done  skipped")
    before = [rig.usage_of(command.pid) for command in commands]
    for sample in range(1, SAMPLES + 1):
        keep_reading(reader, options.minutes * 60.0 / SAMPLES, commands)
        now = [rig.usage_of(command.pid) for command in commands]
        status = client.ask("status").result
        truth = reader.latest(PATIENCE_S)
        busy = " ".join(f"{rig.share(*pair):.0%}" for pair in zip(before, now, strict=True))
        print(
            f"{sample * options.minutes / SAMPLES:7.1f}  {now[0].rss_mb:13.0f}  "
            f"{now[1].rss_mb:11.0f}  {busy:>11}  {truth.head.contacts if truth else -1:8d}  "
            f"{status['time_s'] / 3600:7.2f}  {status['work']['done']:4d}  "
            f"{status['cycle']['skipped']:7d}",
            flush=True,
        )
        before = now
    print(rig.table(finish(client, options.speed)))


def keep_reading(
    reader: TruthReader, seconds: float, commands: tuple[rig.Command, rig.Command]
) -> None:
    """So that nothing piles up on the side channel."""
    end_s = time.monotonic() + seconds
    while (left_s := end_s - time.monotonic()) > 0:
        reader.read(min(left_s, 0.2))
        for command in commands:
            if not command.is_alive:
                raise SystemExit(f"it has ended: {command.log.read_text()[-2000:]}")


def finish(client: OperatorClient, speed: float) -> list[tuple[str, str]]:
    """With no new work, what is under way comes to an end, and nothing is left over."""
    client.ask("drain")
    end_s = time.monotonic() + DRAIN_MINUTES * 60.0 / speed
    status: dict[str, Any] = {}
    while time.monotonic() < end_s:
        try:
            status = client.ask("status").result
        except ControlError:
            continue
        if not status["work"]["units_working"]:
            break
        time.sleep(0.2)
    links = status.get("links", {})
    told = {name: links.get(name) for name in ("messages_lost", "orders_sent_again", "refused")}
    return [
        ("units working after draining", str(status.get("work", {}).get("units_working"))),
        ("units", ", ".join(f"{n} {name}" for name, n in status.get("conditions", {}).items())),
        ("links", ", ".join(f"{name} {value}" for name, value in told.items())),
    ]


def accounts_of(folder: Path) -> list[tuple[str, str]]:
    """What became of all tasks that were begun, and of the lines: the controller's events against
    the emulator's count."""
    events = read_accounts(folder / "run").events
    begun = set(of_kind(events, EventKind.TASK_ASSIGNED, "task"))
    ended = set(of_kind(events, EventKind.TASK_DONE, "task"))
    ended |= set(of_kind(events, EventKind.TASK_CANCELLED, "task"))
    lines = of_kind(events, EventKind.LINE_DONE, "line")
    lines += of_kind(events, EventKind.RETURN_DONE, "line")
    text = (folder / "emulate.log").read_text()
    done = next((row.split()[-1] for row in text.splitlines() if row.startswith("lines done")), "?")
    return [
        ("tasks", f"{len(begun):,} begun, {len(begun - ended)} never ended"),
        ("lines", f"{len(lines):,} done as the controller knows, {done} as the emulator does"),
        ("told twice", str(len(find_doubled(events)))),
    ]


def of_kind(events: Columns, kind: EventKind, column: str) -> list[int]:
    numbers: list[int] = events[column][events["kind"] == kind].tolist()
    return numbers


if __name__ == "__main__":
    main()

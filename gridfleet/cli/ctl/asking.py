"""What all subcommands of `gridfleet ctl` share: where to ask, with which key, and the answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported

if TYPE_CHECKING:
    from gridfleet.live.client import OperatorClient
    from gridfleet.live.requests import Reply

REFUSED = 1
DEFAULT = "tcp://127.0.0.1:5556"

Connect = Annotated[
    str, typer.Option(help="Address of the fleet.", metavar="ADDRESS", envvar="GRIDFLEET_CONTROL")
]
Keys = Annotated[
    Path | None,
    typer.Option(
        help="Folder of keys, or the file of an operator's key.", metavar="PATH",
        envvar="GRIDFLEET_KEYS",
    ),
]  # fmt: skip
As = Annotated[str, typer.Option("--as", help="Operator, where the folder has more than one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for an answer.")]


@dataclass(frozen=True, slots=True)
class Where:
    """connect: address. keys: None for a fleet without."""

    connect: str
    keys: Path | None
    operator: str
    as_json: bool
    timeout_s: float


@contextmanager
def client_of(where: Where) -> Iterator[OperatorClient]:
    from gridfleet.live.client import OperatorClient, operator_key

    device = operator_key(where.keys, where.operator) if where.keys is not None else None
    with OperatorClient(where.connect, device, where.timeout_s) as client:
        yield client


def ask(where: Where, done: str, command: str, **fields: Any) -> None:
    """Ask for something to be done, and say so; exits with 1 where it is refused."""
    with reported(), client_of(where) as client:
        reply = client.ask(command, **fields)
        tell(where, reply, done)


def tell(where: Where, reply: Reply, done: str) -> None:
    """Print the answer; exits with 1 for a refusal."""
    if where.as_json:
        print(json.dumps({"ok": reply.ok, "errors": list(reply.errors), "result": reply.result}))
    else:
        for error in reply.errors:
            print(f"refused: {error}", file=sys.stderr)
        if reply.ok:
            print(done)
    if not reply.ok:
        raise typer.Exit(REFUSED)

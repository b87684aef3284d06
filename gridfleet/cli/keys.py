"""`gridfleet keys`: who may connect to a live fleet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from gridfleet.cli.errors import reported

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None,
    help="Make, list and revoke the keys of units, stations and operators.",
)  # fmt: skip
Dir = Annotated[Path, typer.Option("--dir", help="Folder of the keys.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]
FOLDER = Path("keys")
ROLES = ("unit", "station", "operator")


@app.command()
def init(
    folder: Dir = FOLDER,
    units: Annotated[int, typer.Option(min=0, help="Keys for units U0001, U0002, ...")] = 0,
    layout: Annotated[
        str, typer.Option(help="Floor whose stations get keys: a name or a file.")
    ] = "",
    operator: Annotated[str, typer.Option(help="Name of an operator.")] = "operator",
    as_json: Json = False,
) -> None:
    """Make a new folder of keys: the server's, an operator's, and those of a fleet.

    \b
    For thirty units and the stations of a floor:
      gridfleet keys init --units 30 --layout demo --dir keys

    keys/server.secret.toml stays with the controller. Each file of keys/secrets goes to the device
    of that name, and is deleted here; nobody else may read it.
    """
    with _reported():
        from hw_bridge.wire.keys import KeyStore, Role
        from layouts import load

        stations = [station.name for station in load(layout).stations] if layout else []
        names = [(f"U{number + 1:04d}", Role.UNIT) for number in range(units)]
        names += [(name, Role.STATION) for name in stations]
        names += [(operator, Role.OPERATOR)] if operator else []
        _check_names([name for name, _ in names])
        store = KeyStore.create(folder)
        for name, role in names:
            store.add(name, role)
    told = {"dir": str(folder), "units": units, "stations": len(stations), "operator": operator}
    if as_json:
        print(json.dumps(told, indent=2))
        return
    parts = [f"{units} units", f"{len(stations)} stations"] + [f"operator {operator}"] * bool(
        operator
    )
    print(f"{folder}: keys of the server, {', '.join(parts)}")
    print(f"Take each file of {folder / 'secrets'} to its device, and delete it here.")


@app.command()
def add(
    name: Annotated[
        str, typer.Argument(help="Serial of a unit, or name of a station or operator.")
    ],
    folder: Dir = FOLDER,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")] = "unit",
    as_json: Json = False,
) -> None:
    """Make a key for one more device or operator.

    A controller that runs lets it in at once. Units get work by the roster, which a journal fixes
    when it begins: name those to come with serve --reserve, or begin a new journal.
    """
    with _reported():
        from gridfleet.typed_files import suggest
        from hw_bridge.wire.errors import WireError
        from hw_bridge.wire.keys import KeyStore, Role

        if role not in ROLES:
            raise WireError(f"unknown role {role!r}; {suggest(role, ROLES)}")
        path = KeyStore(folder).add(name, Role(role))
    if as_json:
        print(json.dumps({"serial": name, "role": role, "secret": str(path)}, indent=2))
    else:
        print(f"{name}: a key as {role}; take {path} there, and delete it here")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="Whose key is refused from now on.")],
    folder: Dir = FOLDER,
    as_json: Json = False,
) -> None:
    """Refuse a key for good. A controller that runs drops the connection within seconds.

    A unit that is under way stops at the end of what was released to it, and keeps its cells.
    """
    with _reported():
        from hw_bridge.wire.keys import KeyStore

        KeyStore(folder).revoke(name)
    print(json.dumps({"revoked": name}) if as_json else f"{name}: its key is refused from now on")


@app.command("list")
def list_keys(folder: Dir = FOLDER, as_json: Json = False) -> None:
    """Show who may connect, and whose keys have been revoked. No secret is shown."""
    with _reported():
        from hw_bridge.wire.keys import KeyStore

        store = KeyStore(folder)
        rows = [
            (d.serial, str(d.role), _where(store.secret_path(d.serial))) for d in store.devices()
        ]
        rows += [(entry.serial, "revoked", "") for entry in store.revoked()]
    if as_json:
        names = ("serial", "role", "secret")
        print(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("serial", "role", "secret key", box=None)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _where(secret: Path) -> str:
    return "still here" if secret.exists() else "taken away"


def _check_names(names: list[str]) -> None:
    """Nothing is made where one of the names cannot be used."""
    from collections import Counter

    from hw_bridge.wire.errors import WireError
    from hw_bridge.wire.keys import check_serial

    faults = []
    for name, count in Counter(names).items():
        if count > 1:
            faults.append(f"{name}: two of them; every serial, station and operator needs its own")
        try:
            check_serial(name)
        except WireError as error:
            faults.append(str(error))
    if faults:
        raise WireError("\n".join(faults))


@contextmanager
def _reported() -> Iterator[None]:
    from gridfleet.wire_errors import wire_errors_as
    from layouts import GridfleetError

    with reported(), wire_errors_as(GridfleetError):
        yield

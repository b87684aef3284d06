"""What operators may ask of a live fleet, as JSON, and what they are answered.

    {"id": "4f0c", "command": "pause", "units": ["R0007"]}
    {"id": "4f0c", "ok": true, "errors": [], "result": {}}

A request is decoded strictly: unknown commands and fields are refused, and the nearest is named.
"""

from __future__ import annotations

from typing import Any, Union

import msgspec

from gridfleet.typed_files import suggest
from layouts import GridfleetError

MOST_BYTES = 8 << 20
"""Of a request: some 100,000 order lines."""
Place = tuple[int, int]
"""Row and column, counted from 1 at the top left, as on screens and in files."""


class RequestError(GridfleetError, ValueError):
    """A request that cannot be done; a line for each fault."""


class _Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
               tag_field="command"):  # fmt: skip
    """id: chosen by who asks, and repeated when asking again: what was done is not done twice."""

    id: str = ""


class Status(_Request, frozen=True, kw_only=True, tag="status"):
    """How everything is now."""


class Pause(_Request, frozen=True, kw_only=True, tag="pause"):
    """units: serials. everyone: instead of units."""

    units: tuple[str, ...] = ()
    everyone: bool = False


class Resume(_Request, frozen=True, kw_only=True, tag="resume"):
    units: tuple[str, ...] = ()
    everyone: bool = False


class Drain(_Request, frozen=True, kw_only=True, tag="drain"):
    pass


class Undrain(_Request, frozen=True, kw_only=True, tag="undrain"):
    pass


class Remove(_Request, frozen=True, kw_only=True, tag="remove"):
    unit: str


class Admit(_Request, frozen=True, kw_only=True, tag="admit"):
    unit: str


class Close(_Request, frozen=True, kw_only=True, tag="close"):
    """name: of the area. cells: of it; none: those of the zone of the floor that is called so.
    speed_m_s, margin: limit within so many cells around it, 0 for none."""

    name: str
    cells: tuple[Place, ...] = ()
    speed_m_s: float = 0.0
    margin: int = 2


class Open(_Request, frozen=True, kw_only=True, tag="open"):
    name: str


class Block(_Request, frozen=True, kw_only=True, tag="block"):
    cells: tuple[Place, ...]


class Unblock(_Request, frozen=True, kw_only=True, tag="unblock"):
    cells: tuple[Place, ...]


class CancelTask(_Request, frozen=True, kw_only=True, tag="cancel-task"):
    task: int


class CancelOrder(_Request, frozen=True, kw_only=True, tag="cancel-order"):
    order: str


class NewLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """quantity: units to pick (positive) or to stow (negative)."""

    sku: str
    quantity: int


class NewOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """due_in_s: seconds from now until it is due; None: nobody waits."""

    name: str
    lines: tuple[NewLine, ...]
    due_in_s: float | None = None


class AddOrders(_Request, frozen=True, kw_only=True, tag="add-orders"):
    orders: tuple[NewOrder, ...]


Request = Union[  # noqa: UP007 (msgspec wants the union as one object)
    Status, Pause, Resume, Drain, Undrain, Remove, Admit, Close, Open, Block, Unblock, CancelTask,
    CancelOrder, AddOrders,
]  # fmt: skip
COMMANDS = tuple(
    str(kind.__struct_config__.tag)
    for kind in (Status, Pause, Resume, Drain, Undrain, Remove, Admit, Close, Open, Block, Unblock,
                 CancelTask, CancelOrder, AddOrders)
)  # fmt: skip


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """errors: why not, a sentence each. result: what there is to tell."""

    id: str
    ok: bool
    errors: tuple[str, ...] = ()
    result: dict[str, Any] = {}


def decode_request(payload: bytes) -> Request:
    """Raises RequestError, with the id in `args[1]` as far as there is one."""
    try:
        plain = msgspec.json.decode(payload)
    except msgspec.DecodeError as error:
        raise RequestError(f"the request is no JSON: {error}", "") from None
    if not isinstance(plain, dict):
        raise RequestError("the request is no JSON object", "")
    name, number = plain.get("command"), plain.get("id", "")
    number = number if isinstance(number, str) else ""
    if name not in COMMANDS:
        raise RequestError(f"unknown command {name!r}; {nearest(str(name), COMMANDS)}", number)
    try:
        return msgspec.convert(plain, Request)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise RequestError(f"{name}: {str(error).replace('`', '')}", number) from None


def nearest(name: str, known: tuple[str, ...] | list[str], most: int = 12) -> str:
    """The cure of an unknown name."""
    return suggest(name, known, most) if known else "there is none"

"""Requests of operators as operations of the controller, with all that is wrong told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from fleet_control.operations import NewOrders, Operation, OperationKind
from fleet_control.work.fulfilment import FulfilmentWork
from gridfleet.brain import Brain
from gridfleet.live import requests as asked
from gridfleet.live.requests import Place, RequestError, nearest
from layouts import Layout

K = OperationKind
MOST_FAULTS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """What a request may name. units: serials. now_s: of the fleet."""

    units: Sequence[str]
    layout: Layout
    brain: Brain
    now_s: float

    def unit(self, serial: str) -> int:
        """Raises RequestError for a unit that is not on the roster."""
        try:
            return self.units.index(serial)
        except ValueError:
            cure = nearest(serial, list(self.units))
            raise RequestError(f"no unit {serial!r} is on the roster; {cure}") from None


def operations_of(request: asked.Request, fleet: Fleet) -> list[Operation]:
    """What the controller is to do. Raises RequestError with all faults, a line each."""
    match request:
        case asked.Pause():
            return _pauses(request, fleet, K.PAUSE, K.PAUSE_ALL)
        case asked.Resume():
            return _pauses(request, fleet, K.RESUME, K.RESUME_ALL)
        case asked.Drain():
            return [Operation(K.DRAIN)]
        case asked.Undrain():
            return [Operation(K.UNDRAIN)]
        case asked.Remove():
            return [_removal(fleet.unit(request.unit), request.unit, fleet)]
        case asked.Admit():
            return [Operation(K.ADMIT, unit=fleet.unit(request.unit))]
        case asked.Close():
            return [_closing(request, fleet)]
        case asked.Open():
            return [_opening(request, fleet)]
        case asked.Block():
            return [Operation(K.BLOCK, cells=_cells(request.cells, fleet.layout))]
        case asked.Unblock():
            return [Operation(K.UNBLOCK, cells=_cells(request.cells, fleet.layout))]
        case asked.CancelTask():
            return [Operation(K.CANCEL_TASK, task=request.task)]
        case asked.CancelOrder():
            return [Operation(K.CANCEL_ORDER, order=_order(request.order, fleet))]
        case asked.AddOrders():
            return [Operation(K.ADD_ORDERS, orders=_new_orders(request, fleet))]
        case _:
            raise RequestError("nothing to be done")


def _pauses(
    request: asked.Pause | asked.Resume, fleet: Fleet, one: OperationKind, everyone: OperationKind
) -> list[Operation]:
    if request.everyone == bool(request.units):
        raise RequestError("name units, or everyone, and not both")
    if request.everyone:
        return [Operation(everyone)]
    return [Operation(one, unit=unit) for unit in _all(fleet.unit, request.units)]


def _all(find: Callable[[str], int], names: Sequence[str]) -> list[int]:
    """What each name stands for; all that stand for nothing are told together."""
    found, faults = [], []
    for name in names:
        try:
            found.append(find(name))
        except RequestError as error:
            faults.append(str(error))
    if faults:
        raise RequestError("\n".join(faults))
    return found


def _removal(unit: int, serial: str, fleet: Fleet) -> Operation:
    supervisor = fleet.brain.controller.supervisor
    if supervisor.roll_call.is_awaited[unit]:
        return Operation(K.LEAVE_OUT, unit=unit)
    is_known = supervisor.books.executor.is_present[unit]
    if not is_known and not supervisor.roster.is_waiting_admission[unit]:
        raise RequestError(f"{serial} is not on the floor as far as is known; nothing to remove")
    return Operation(K.REMOVE, unit=unit)


def _cells(places: Sequence[Place], layout: Layout) -> tuple[int, ...]:
    outside = [
        f"row {row}, column {col} is off the floor of {layout.n_rows} rows and {layout.n_cols} "
        "columns"
        for row, col in places
        if not (1 <= row <= layout.n_rows and 1 <= col <= layout.n_cols)
    ]
    if outside:
        raise RequestError("\n".join(outside[:MOST_FAULTS]))
    if not places:
        raise RequestError("no cells are named")
    return tuple(layout.cell(row - 1, col - 1) for row, col in places)


def _closing(request: asked.Close, fleet: Fleet) -> Operation:
    zones = fleet.layout.zones
    if not request.name:
        raise RequestError("the area has no name; it is needed to open it again")
    if not (isfinite(request.speed_m_s) and request.speed_m_s >= 0) or request.margin < 0:
        raise RequestError("the speed limit and the margin are 0 or more")
    if not request.cells and request.name not in zones:
        cure = nearest(request.name, list(zones))
        raise RequestError(
            f"the floor has no zone {request.name!r}; {cure}; or name the cells of the area"
        )
    cells = _cells(request.cells, fleet.layout) if request.cells else zones[request.name]
    return Operation(
        K.CLOSE_AREA, name=request.name, cells=tuple(int(cell) for cell in cells),
        speed_m_s=request.speed_m_s, margin=request.margin,
    )  # fmt: skip


def _opening(request: asked.Open, fleet: Fleet) -> Operation:
    areas = fleet.brain.controller.supervisor.closures.areas
    if request.name not in areas:
        cure = nearest(request.name, list(areas))
        raise RequestError(f"no area {request.name!r} is closed; {cure}")
    return Operation(K.OPEN_AREA, name=request.name)


# Orders


def _work(fleet: Fleet) -> FulfilmentWork:
    work = fleet.brain.setup.work
    if not isinstance(work, FulfilmentWork):
        raise RequestError("this floor takes no orders: it has no stations to pick at")
    return work


def _order(name: str, fleet: Fleet) -> int:
    number = _work(fleet).order_lines.number_of(name)
    if number < 0:
        raise RequestError(f"there is no order {name!r}")
    return number


def _new_orders(request: asked.AddOrders, fleet: Fleet) -> NewOrders:
    lines = _work(fleet).order_lines
    skus = {name: number for number, name in enumerate(lines.base.book.sku_names)}
    faults = [
        *_line_faults(request.orders, skus),
        *_name_faults([order.name for order in request.orders], lines.number_of),
    ]
    if not request.orders:
        faults.append("there are no orders in it")
    if faults:
        more = len(faults) - MOST_FAULTS
        told = faults[:MOST_FAULTS] + ([f"and {more} more of these"] if more > 0 else [])
        raise RequestError("\n".join(told))
    rows = [
        (row, skus[line.sku], line.quantity)
        for row, order in enumerate(request.orders)
        for line in order.lines
    ]
    table = np.array(rows, dtype=np.int32).reshape(len(rows), 3)
    due_s = [
        inf if order.due_in_s is None else fleet.now_s + order.due_in_s for order in request.orders
    ]
    names = tuple(order.name for order in request.orders)
    columns = (np.ascontiguousarray(column) for column in table.T)
    return NewOrders(names, np.array(due_s), *columns)


def _line_faults(orders: Sequence[asked.NewOrder], skus: dict[str, int]) -> Iterator[str]:
    known = list(skus)
    for order in orders:
        if not order.lines:
            yield f"order {order.name!r} has no lines"
        if order.due_in_s is not None and not isfinite(order.due_in_s):
            yield f"order {order.name!r} is due in {order.due_in_s} s; give a number of seconds"
        for line in order.lines:
            if line.sku not in skus:
                cure = nearest(line.sku, known, 3)
                yield f"order {order.name!r}: unknown SKU {line.sku!r}; {cure}"
            if line.quantity == 0 or abs(line.quantity) > np.iinfo(np.int32).max:
                yield f"order {order.name!r}: {line.quantity} units of {line.sku!r}"


def _name_faults(names: Sequence[str], number_of: Callable[[str], int]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if not name:
            yield "an order has no name"
        elif name in seen:
            yield f"order {name!r} is there twice"
        elif number_of(name) >= 0:
            yield f"there is an order {name!r} already"
        seen.add(name)

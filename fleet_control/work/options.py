"""Options of fulfilment, and the check that floor, orders, stock and options fit together."""

from __future__ import annotations

from dataclasses import dataclass

from fleet_control.errors import FleetError
from fleet_control.work import rules
from fleet_control.work.intake import Desk
from fleet_control.work.inventory import Inventory
from fleet_control.work.orders import OrderBook
from layouts import PICK_STATIONS, Layout, StationKind


class FulfilmentError(FleetError, ValueError):
    """A floor, orders, stock and options that do not fit together."""


@dataclass(frozen=True, slots=True)
class FulfilmentOptions:
    """order_slots: open orders per station. tasks_per_station: tasks open, or begun and not yet
    served, per station; None: 2 * slots + 2. *_rule: names in fleet_control.work.rules.
    laden_speed_m_s: tells when a unit on its way is overdue (stations.StationClock); None: 1.3."""

    order_slots: int = 12
    tasks_per_station: int | None = None
    order_rule: str = "oldest"
    return_rule: str = "stow_first"
    pod_rule: str = "most_lines"
    storage_rule: str = "nearest"
    onward_rule: str = "most_lines"
    laden_speed_m_s: float | None = None


DEFAULT_OPTIONS = FulfilmentOptions()


def set_up_desk(layout: Layout, options: FulfilmentOptions) -> Desk:
    kinds = [station.kind for station in layout.stations]
    return Desk(
        pick_stations=tuple(i for i, kind in enumerate(kinds) if kind in PICK_STATIONS),
        stow_stations=tuple(i for i, kind in enumerate(kinds) if kind is StationKind.STOW),
        order_slots=options.order_slots,
        order_rule=rules.find_rule(rules.ORDER_RULES, options.order_rule, "order rule"),
        return_rule=rules.find_rule(rules.RETURN_RULES, options.return_rule, "return rule"),
    )


def check_fit(desk: Desk, orders: OrderBook, stock: Inventory, options: FulfilmentOptions) -> None:
    """All that would otherwise show as orders that wait for ever."""
    faults = []
    if orders.n_skus != stock.n_skus:
        faults.append(
            f"orders know {orders.n_skus} SKUs and the inventory {stock.n_skus}; make both from "
            "one list"
        )
    if (orders.line_quantity > 0).any() and not desk.pick_stations:
        faults.append("there are lines to pick and no pick station; add one to the layout")
    if (orders.line_quantity < 0).any() and not (desk.pick_stations or desk.stow_stations):
        faults.append("there are returns and neither a pick nor a stow station; add one")
    if (orders.line_quantity < 0).any() and not stock.n_pods:
        faults.append("there are returns and no pod to put them on")
    for name in ("order_slots", "tasks_per_station", "laden_speed_m_s"):
        value = getattr(options, name)
        if value is not None and value <= 0:
            faults.append(f"{name} is {value}; it must be above 0")
    if faults:
        raise FulfilmentError("; ".join(faults))

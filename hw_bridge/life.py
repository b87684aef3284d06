"""What belongs to one life of the controller, from `connect` on."""

from __future__ import annotations

from dataclasses import dataclass

from fleet_control.link.courier import Courier
from hw_bridge.translate.orders_out import OrdersOut
from hw_bridge.translate.stations import Stations


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """Nothing that was asked in another one counts."""

    epoch: int
    courier: Courier
    orders: OrdersOut
    desk: Stations

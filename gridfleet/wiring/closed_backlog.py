"""A closed backlog: orders are placed as they are needed, so that some always wait for a station.

Such a run measures what a floor can do (its capacity), where orders by the clock measure how it
keeps up with them (its service level). RAWSim-O calls it the order mode "Fill" (Merschformann, Xie
and Li 2018, RAWSim-O: A Simulation Framework for Robotic Mobile Fulfillment Systems).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

from fleet_control.work.fulfilment import FulfilmentWork
from gridfleet.clock import as_clock
from gridfleet.demand.synthetic import MOST_LINES
from gridfleet.scenario import Scenario
from layouts import PICK_STATIONS, Layout, StationKind

DEVIATIONS = 6.0
"""By how many standard deviations people may be quicker than their mean, all run long."""


def lines_to_last(layout: Layout, scenario: Scenario) -> int:
    """Lines that made-up orders need to have in all, so that they do not run out: as many as people
    can handle if they never stop, those of all orders that wait, and those of all that are open.

    At stations that are quicker than any unit, that may be more than memory holds; then they are as
    many as there may be.
    """
    n_stations = sum(s.kind in PICK_STATIONS or s.kind is StationKind.STOW for s in layout.stations)
    n_orders = scenario.demand.keep_waiting + n_stations * scenario.work.order_slots
    n_waiting = n_orders * scenario.demand.lines_per_order
    n_handled = n_stations * scenario.hours * 3600.0 / scenario.service.line_s
    n_handled += DEVIATIONS * max(1.0, scenario.service.cv) * sqrt(n_handled)
    return ceil(n_waiting + min(n_handled, MOST_LINES / 10))


def say_backlog(n_waiting: int) -> str:
    orders = "1 order waits" if n_waiting == 1 else f"{n_waiting:,} orders wait"
    return (
        f"Orders do not come by the clock: they are placed so that {orders} for a station at all "
        "times. The run shows what the floor can do."
    )


@dataclass(frozen=True, slots=True, eq=False)
class RunOut:
    """Says so if there were not enough orders. n_orders: that there were."""

    work: FulfilmentWork
    n_waiting: int
    n_orders: int

    def __call__(self) -> list[str]:
        if self.work.ran_out_s == float("inf"):
            return []
        return [
            f"Orders ran out at {as_clock(self.work.ran_out_s)}: all {self.n_orders:,} were "
            f"placed, and from then on fewer than {self.n_waiting:,} waited, so figures of the "
            "whole run are too low. Take a shorter run, more stock if lines run short, or an order "
            "file with more orders."
        ]

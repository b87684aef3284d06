"""Fulfilment: orders from a file or made up, stock on pods, units that bring them to stations."""

from __future__ import annotations

from dataclasses import replace

from fleet_control.work.fulfilment import FulfilmentWork
from fleet_control.work.options import FulfilmentOptions
from fleet_control.work.orders import OrderBook
from gridfleet.demand import (
    DemandSummary,
    OrderColumns,
    OrderFile,
    Stock,
    make_orders,
    place_stock,
    read_orders,
    read_stock,
)
from gridfleet.scenario import NO_ORDERS, Scenario
from gridfleet.wiring.closed_backlog import RunOut, lines_to_last, say_backlog
from gridfleet.wiring.fleet import laden_capacity
from gridfleet.wiring.work_setup import Count, Counts, Floor, KnownDue, NoMoreNotes, WorkSetup
from layouts import Layout

FULFILMENT_FIGURES = (
    "orders_placed", "orders_done", "orders_cancelled", "lines_done", "lines_short", "units_done",
    "tasks_done",
)  # fmt: skip


def set_up_fulfilment(floor: Floor) -> WorkSetup:
    """Raises DemandError for orders, stock and figures that do not fit the floor."""
    layout, scenario = floor.layout, floor.scenario
    stock = read_stock(scenario.stock.file) if scenario.stock.file else None
    n_active = min(floor.n_units, scenario.max_working or laden_capacity(layout))
    wanted, summary = _orders(layout, scenario, stock, n_active)
    plan = place_stock(layout, wanted, scenario.stock, scenario.seed, stock)
    has_orders = scenario.orders != NO_ORDERS
    orders = wanted if has_orders else wanted.without_orders()
    notes = plan.sentences()
    if not has_orders:
        notes.append("There are no orders but those that people add (gridfleet ctl).")
    n_waiting = scenario.demand.keep_waiting
    work = FulfilmentWork(
        layout, orders, plan.inventory(), floor.n_units, floor.log, _options(scenario), n_waiting
    )
    if n_waiting:
        notes.append(say_backlog(n_waiting))
    if n_active < floor.n_units:
        notes.append(
            f"{n_active} of {floor.n_units} units have a task at once: more loaded ones would jam "
            "the floor. The others rest, under pods as far as there are any."
        )
    return WorkSetup(
        work=work,
        counted="picks",
        n_done=Count(work, "lines_done"),
        progress=Counts(work, FULFILMENT_FIGURES),
        n_active=n_active,
        service=scenario.service,
        pod_cells=plan.pod_cells,
        notes=notes,
        later_notes=RunOut(work, n_waiting, orders.n_orders) if n_waiting else NoMoreNotes(),
        demand=summary if has_orders else None,
        station_times=work.station_times,
        station_causes=work.station_causes,
        due_s=KnownDue(work.order_lines),
        fixed={"orders": orders, "order lines": work.order_lines.base, "demand": summary},
    )


def _options(scenario: Scenario) -> FulfilmentOptions:
    """Loaded units are as fast as the scenario's, unless it says how fast to take them for."""
    options = scenario.work
    speed_m_s = options.laden_speed_m_s or scenario.unit.laden.speed_m_s
    return replace(options, laden_speed_m_s=speed_m_s)


def _orders(
    layout: Layout, scenario: Scenario, stock: Stock | None, n_active: int
) -> tuple[OrderBook, DemandSummary]:
    if scenario.order_file:
        return read_orders(_order_file(scenario), stock)
    demand = scenario.demand.for_floor(
        layout, scenario.hours, scenario.due_hours, scenario.stock, n_active
    )
    if scenario.demand.keep_waiting:
        demand = replace(demand, pile_lines=lines_to_last(layout, scenario))
    if stock is None:
        return make_orders(demand, scenario.seed)
    demand = replace(demand, n_skus=len(stock.sku_names))
    orders, summary = make_orders(demand, scenario.seed)
    return replace(orders, sku_names=stock.sku_names), summary


def _order_file(scenario: Scenario) -> OrderFile:
    columns = OrderColumns(**scenario.columns) if scenario.columns else None
    return OrderFile(
        scenario.order_file, scenario.preset, columns, scenario.start, scenario.hours,
        scenario.due_hours,
    )  # fmt: skip

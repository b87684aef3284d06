"""What the floor is asked to do: orders from files or made up, and stock on pods to fill them."""

from gridfleet.demand.errors import DemandError
from gridfleet.demand.files import OrderFile, read_orders
from gridfleet.demand.placement import Placement, StockPlan, place_stock
from gridfleet.demand.presets import PRESETS, OrderColumns
from gridfleet.demand.sizing import Sizing, demand_for
from gridfleet.demand.stock_files import Stock, read_stock
from gridfleet.demand.summary import DemandSummary
from gridfleet.demand.synthetic import SyntheticDemand, make_orders

__all__ = [
    "PRESETS",
    "DemandError",
    "DemandSummary",
    "OrderColumns",
    "OrderFile",
    "Placement",
    "Sizing",
    "Stock",
    "StockPlan",
    "SyntheticDemand",
    "demand_for",
    "make_orders",
    "place_stock",
    "read_orders",
    "read_stock",
]

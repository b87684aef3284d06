"""How known order files are laid out and which of their lines are no goods.

A preset says what the columns are called and how to tell picks, returns, stock adjustments and
services apart. A new source of orders is one more entry of PRESETS.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

from gridfleet.demand.errors import DemandError


@dataclass(frozen=True, slots=True)
class OrderColumns:
    """Names of the columns of an order file. `due_at` is read where the file has it; `unit_price`
    only by presets that need it."""

    order_id: str = "order_id"
    placed_at: str = "placed_at"
    sku: str = "sku"
    quantity: str = "quantity"
    due_at: str = "due_at"
    unit_price: str = "unit_price"


@dataclass(frozen=True, slots=True)
class Preset:
    """goods: regular expression that the beginning of a SKU of real goods matches; other lines are
    services. return_prefix: beginning of the ids of orders that take goods back; all their lines
    must be negative. has_adjustments: negative lines at no price outside such orders correct the
    stock and are no work. allows_returns: negative quantities are returns, not faults.
    """

    columns: OrderColumns = field(default_factory=OrderColumns)
    goods: str = ""
    return_prefix: str = ""
    has_adjustments: bool = False
    allows_returns: bool = False


PRESETS: dict[str, Preset] = {
    "plain": Preset(),
    "with-returns": Preset(allows_returns=True),
    "online-retail": Preset(
        # Goods of UCI Online Retail have five digits and perhaps letters (85123A); DCGS0004 and
        # its like are bags and party goods. POST, DOT, C2 (postage), M (manual), D (discount),
        # S (samples), B (bad debt), CRUK, AMAZONFEE, BANK CHARGES and vouchers are not.
        goods=r"[0-9]{5}|DCGS",
        return_prefix="C",
        has_adjustments=True,
        allows_returns=True,
    ),
}


def find_preset(name: str) -> Preset:
    """The preset of that name; DemandError names the nearest if there is none."""
    if name in PRESETS:
        return PRESETS[name]
    near = difflib.get_close_matches(name, PRESETS, n=1, cutoff=0.0)
    raise DemandError(
        f'no preset is called "{name}"; did you mean "{near[0]}"? There are: {", ".join(PRESETS)}'
    )

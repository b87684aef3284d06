"""What people really took and put in, against what was ordered: each line once, to the unit.

The books are kept from what happens at stations alone: which pod stood there, how many units a
person took from it for which line. Nothing of this comes from the controller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from gridfleet.torture.case import Case
from gridfleet.torture.oracle import Violation


@dataclass(frozen=True, slots=True)
class Handling:
    """A person finished one line of one job. quantity: units taken from the pod, or, negative, put
    into it. pod: the one that stood there, -1 for none."""

    time_s: float
    station: int
    job: int
    line: int
    quantity: int
    pod: int


class Goods:
    """wanted: line -> units to take, or negative to put in. sku_of: line -> SKU. stock: (pod, SKU)
    -> units at the start."""

    def __init__(
        self, wanted: dict[int, int], sku_of: dict[int, int], stock: dict[tuple[int, int], int]
    ) -> None:
        self._wanted, self._sku_of = wanted, sku_of
        self._stock = Counter(stock)
        self._handled: Counter[int] = Counter()
        self._told: set[tuple[int, int]] = set()
        self._doubled: set[int] = set()
        self.violations: list[Violation] = []

    def note(self, handling: Handling) -> None:
        """Book it, and say what is wrong with it."""
        line, quantity = handling.line, handling.quantity
        for what in self._faults(handling):
            self.violations.append(Violation(handling.time_s, "goods", what))
        self._told.add((handling.job, line))
        self._handled[line] += quantity
        self._stock[handling.pod, self._sku_of.get(line, -1)] -= quantity

    def _faults(self, handling: Handling) -> Iterator[str]:
        line, quantity, pod = handling.line, handling.quantity, handling.pod
        at = f"station {handling.station}: {abs(quantity)} units of line {line}"
        if line not in self._wanted:
            yield f"{at}: there is no such line"
            return
        if pod < 0:
            yield f"{at} with no pod there"
        elif quantity > self._stock[pod, self._sku_of[line]]:
            left = self._stock[pod, self._sku_of[line]]
            yield f"{at} taken from pod {pod}, which has {left} of that SKU"
        wanted, handled = self._wanted[line], self._handled[line] + quantity
        is_again = (handling.job, line) in self._told
        if is_again or abs(handled) > abs(wanted) or handled * wanted < 0:
            self._doubled.add(line)
            yield f"{at}, which makes {handled} of {wanted} wanted" + " again" * is_again

    @property
    def n_handled(self) -> int:
        """Lines of which something has been handled."""
        return len(self._handled)

    @property
    def doubled(self) -> list[int]:
        """Lines that people worked more than once or too much of."""
        return sorted(self._doubled)

    @property
    def open(self) -> list[int]:
        """Lines that are not done."""
        return [line for line, units in self._wanted.items() if self._handled[line] != units]


def goods_of(case: Case) -> Goods:
    """The books of a case before anything has happened."""
    pods, skus = case.stock_pods.tolist(), case.stock_skus.tolist()
    keys = zip(pods, skus, strict=True)
    return Goods(
        dict(enumerate(case.orders.line_quantity.tolist())),
        dict(enumerate(case.orders.line_sku.tolist())),
        dict(zip(keys, case.stock_units.tolist(), strict=True)),
    )

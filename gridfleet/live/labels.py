"""What is on labels and on the screens of stations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.work.fulfilment import FulfilmentWork
from gridfleet.brain import Brain
from gridfleet.live.books import LiveBooks
from gridfleet.live.run import LiveRun
from hw_bridge.labels import Labels
from hw_bridge.vda5050.names import pod_name

Ints = NDArray[np.int32]


class FloorLabels:
    """What the controller knows of pods and orders, from when it has started on.

    run: None until there is one."""

    run: LiveRun | None = None

    def labels(self) -> Labels:
        return Labels(at=self._pod_at, sku=self._sku, order=self._order)

    def _work(self) -> FulfilmentWork | None:
        if self.run is None or not self.run.has_started:
            return None
        work = self.run.brain.setup.work
        return work if isinstance(work, FulfilmentWork) else None

    def _pod_at(self, cell: int) -> str:
        work = self._work()
        if work is None:
            return ""
        pods = (work.pod_cells == cell).nonzero()[0]
        return pod_name(int(pods[0])) if len(pods) else ""

    def _sku(self, sku: int) -> str:
        work = self._work()
        return work.order_lines.base.book.sku_names[sku] if work is not None else f"SKU{sku}"

    def _order(self, job: int, line: int) -> str:
        work = self._work()
        if work is None:
            return ""
        return work.order_lines.name_of(work.order_lines.order_of[line])


def pod_cells(books: LiveBooks) -> Ints:
    """int32[n_pods], where pods stand as far as is known."""
    brain: Brain | None = books.brain
    work = brain.setup.work if brain is not None else None
    return work.pod_cells if isinstance(work, FulfilmentWork) else books.ground.setup.pod_cells

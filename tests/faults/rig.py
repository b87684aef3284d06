"""A small floor at work, on which a test lets one thing go wrong at the moment it chooses.

Real controller, twin behind a link, orders; the oracle looks in every cycle. Nothing happens by
itself: a test runs the rig, breaks something, runs on, and in the end asks for `finish`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fleet_control.backend import Condition, Reports
from fleet_control.controller import Controller
from fleet_control.events import EventKind
from fleet_control.operations import Operation, OperationKind
from fleet_control.supervision.status import FleetStatus, status_of
from fleet_control.work.orders import OrderBook
from gridfleet.torture.brain import Brain
from gridfleet.torture.case import Case
from gridfleet.torture.faults import KillPoint
from gridfleet.torture.goods import goods_of
from gridfleet.torture.oracle import BodySizes, Oracle, say_waits
from gridfleet.torture.tasks import find_doubled, find_lost
from gridfleet.torture.witness import scene_of, waits_of
from gridfleet.torture.world import World
from gridfleet.wiring.units import CYCLE_S
from layouts import AISLE_KINDS, CellKind, Layout, StationKind
from layouts.generate.blocks import BlockFloor, block_floor
from layouts.generate.figures import Side, StationRow
from twin.floor.step_kernels import ACTING, DRIVING
from twin.unit_model import DEFAULT_UNIT

N_UNITS = 5
N_SKUS = 6


def small_floor() -> Layout:
    """Four blocks of storage with two ways round each, two stations and two chargers."""
    return block_floor(
        BlockFloor(
            name="rig",
            blocks_across=2,
            blocks_down=2,
            block_width=2,
            block_depth=2,
            aisle_width=2,
            cross_aisle_width=2,
            highway_width=3,
            margin_width=2,
            chargers=2,
            stations=(StationRow(Side.SOUTH, 2, StationKind.PICK, 2),),
        )
    )


def small_case(n_orders: int = 12, orders_s: float = 60.0, n_units: int = N_UNITS) -> Case:
    """Orders of two lines each, evenly over that time; stock in two pods of every SKU."""
    layout = small_floor()
    storage, aisle = layout.cells_of(CellKind.STORAGE), layout.cells_of(*AISLE_KINDS)
    pod_cells = storage[::2].astype(np.int32)
    pods, lines = np.arange(len(pod_cells)), np.arange(2 * n_orders)
    skus = pods % N_SKUS
    return Case(
        seed=0,
        layout=layout,
        unit_cells=aisle[:: len(aisle) // n_units][:n_units].astype(np.int32),
        max_working=n_units,
        pod_cells=pod_cells,
        stock_pods=pods.astype(np.int32),
        stock_skus=skus.astype(np.int32),
        stock_units=np.full(len(pods), 4 * n_orders, dtype=np.int32),
        orders=OrderBook(
            placed_s=np.linspace(0.0, orders_s, n_orders),
            due_s=np.full(n_orders, np.inf),
            order_names=tuple(f"O{i}" for i in range(n_orders)),
            line_order=(lines // 2).astype(np.int32),
            line_sku=(lines % N_SKUS).astype(np.int32),
            line_quantity=(1 + lines % 3).astype(np.int32),
            sku_names=tuple(f"K{i}" for i in range(N_SKUS)),
        ),
    )


class Rig:
    """now_s: of the last cycle. world: what is; everything that can go wrong is done to it."""

    def __init__(
        self, case: Case | None = None, change: Callable[[World], None] = lambda _: None
    ) -> None:
        self.case = case or small_case()
        self.world = World(self.case)
        change(self.world)
        self.brain = Brain(self.case, self.world.backend.connect())
        unit, cell_m = DEFAULT_UNIT, self.case.layout.cell_size_m
        sizes = BodySizes(unit.length_m, unit.width_m, unit.pod_side_m, cell_m)
        n_pods = len(self.case.pod_cells)
        self._oracle = Oracle(self.case.layout, sizes, self.case.n_units, n_pods)
        self._goods = goods_of(self.case)
        self._cycle = 0
        self.reports: Reports | None = None

    # The parts

    @property
    def now_s(self) -> float:
        return self._cycle * CYCLE_S

    @property
    def controller(self) -> Controller:
        return self.brain.mind.controller

    @property
    def agents(self):
        return self.world.backend.agents

    @property
    def link(self):
        return self.world.backend.link

    @property
    def status(self) -> FleetStatus:
        return status_of(self.controller.supervisor)

    @property
    def held(self) -> list[list[int]]:
        """Cells that each unit holds, in the books of the controller."""
        executor = self.controller.executor
        return [executor.held_cells(unit).tolist() for unit in range(self.case.n_units)]

    def released(self, unit: int) -> int:
        """The last step that the unit was released."""
        return int(self.controller.executor.released[unit])

    # Time

    def cycle(self, *operations: Operation) -> None:
        """One control cycle; the oracle looks when its commands are out."""
        self._cycle += 1
        self._advance()
        self.world.backend.send(self.brain.step(self.reports, operations))
        self._look()

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / CYCLE_S)):
            self.cycle()

    def until(self, condition: Callable[[], object], within_s: float = 300.0) -> None:
        """Run until that is so; it is an error if it does not come about."""
        end_s = self.now_s + within_s
        while not condition():
            assert self.now_s < end_s, f"has not come about in {within_s:g} s: {self._waits()}"
            self.cycle()

    def ask(self, kind: OperationKind, **what: object) -> None:
        """An operator asks, in a cycle of its own."""
        self.cycle(Operation(kind, **what))

    def kill(self, point: KillPoint, down_s: float = 0.0) -> None:
        """The controller is killed in this cycle; a new one comes after that time."""
        self._cycle += 1
        self._advance()
        if point is not KillPoint.BEFORE_JOURNAL:
            commands = self.brain.step(self.reports, ())
            if point is KillPoint.AFTER_SEND:
                self.world.backend.send(commands)
        for _ in range(round(down_s / CYCLE_S)):
            self._cycle += 1
            self.world.drift(self.now_s)
            self._note_handlings()
            self._look()
        self.brain.recover(self.world.backend)
        self._cycle = max(self._cycle, int(np.ceil(self.world.twin.time_s / CYCLE_S - 1e-6)))
        self._note_handlings()
        self._look()

    def _advance(self) -> None:
        self.reports = self.world.backend.advance(self.now_s)
        self._note_handlings()

    def _look(self) -> None:
        self._oracle.look(scene_of(self.world, self.controller))
        assert not self._oracle.violations, self._oracle.violations
        assert not self.world.twin.n_contacts, self.world.twin.take_contacts()
        assert not self._goods.violations, self._goods.violations

    def _note_handlings(self) -> None:
        for handling in self.world.people.take_handlings(self.world.twin, self.world.loads()):
            self._goods.note(handling)

    def finish(self, within_s: float = 900.0) -> None:
        """All that is to be done is done in that time, everything once."""
        self.until(lambda: self.brain.is_done, within_s)
        events = self.brain.mind.log.columns()
        assert self._goods.open == []
        assert find_lost(self._goods, events, is_over=True) + find_doubled(events) == []

    # What tests look for

    @property
    def n_handled(self) -> int:
        return self._goods.n_handled

    def happened(self, kind: EventKind, unit: int = -1) -> int:
        """How often, of that unit or of all, as the controller's log says."""
        events = self.brain.mind.log.columns()
        is_it = events["kind"] == kind
        return int((is_it & ((events["unit"] == unit) | (unit < 0))).sum())

    def flags(self, unit: int) -> Condition:
        return Condition(int(self.controller.supervisor.roster.flags[unit]))

    def cells_under(self, unit: int) -> list[int]:
        return self.world.twin.cells_under(unit)

    def between_cells(self, unit: int) -> bool:
        """It drives, and is more than a little way from the last centre and the next."""
        record = self.world.twin.units[unit]
        return bool(record["mode"] == DRIVING and 0.3 < record["along"] % 1.0 < 0.7)

    def is_acting(self, unit: int) -> bool:
        """Its plate is on the way up or down."""
        return bool(self.world.twin.units["mode"][unit] == ACTING)

    def is_lifting(self, unit: int) -> bool:
        """Its plate is on the way up."""
        return bool(self.is_acting(unit) and self.world.loads()[unit] < 0)

    def around(self, cell: int) -> np.ndarray:
        """int[k], the cell and all that touch it."""
        return np.flatnonzero(self.controller.supervisor.closures.around([cell], 1))

    def has_order_on_its_way(self, unit: int) -> bool:
        return unit in self.link.orders.in_flight()["unit"]

    def first(self, is_it: Callable[[int], bool], units: Sequence[int] = range(N_UNITS)) -> int:
        """The first unit of which that comes to be so."""
        self.until(lambda: any(is_it(unit) for unit in units))
        return next(unit for unit in units if is_it(unit))

    def _waits(self) -> list[str]:
        return list(say_waits(self.case.layout, waits_of(self.controller)))

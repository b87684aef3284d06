"""A fleet over several worlds: who is in which, and what goes to it.

pybullet's time for each unit grows with the units of a world, and a world has one core at most. So
units are dealt to worlds by where they stand at the start, neighbours together; every world has the
walls, and the pods near its own units. Bodies of two worlds cannot feel each other. Units that come
near to one of another world therefore move to its world before they touch (`unite`), and stay.

Which unit is in which world depends on the floor alone, so that results do not depend on how many
processes the worlds are dealt to.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.physics import planar, wheeled
from twin.physics.options import PLANAR, PhysicsOptions
from twin.physics.shares import (
    Ground,
    OtherShare,
    OwnShare,
    Share,
    shared_arrays,
    shared_memory,
)
from twin.physics.space import PLATE_M, POD_YAW, SLIP_M_S, Load, Pair, Pose, Wall
from twin.unit_model import UnitModel


def tick_of(detail: str) -> float:
    """Seconds of a control tick."""
    return planar.TICK_S if detail == PLANAR else wheeled.TICK_S


class Worlds:
    """All worlds of a fleet.

    places_m: float64[n_units, 2], where units stand at the start. world_of: int32[n_units].
    commands: float64[n_units, 3], to be filled before `step`. state: float64[n_units, N_COLUMNS] of
    twin.physics.space. pod_poses: float64[n_pods, 3], x, y, yaw of every pod that stands.
    only_laden: whether units without a load touch no pods. is_shown: in a window, as one world
    whatever its size, at no more than real time. Raises PhysicsError.
    """

    def __init__(
        self, options: PhysicsOptions, unit: UnitModel, places_m: NDArray[np.float64],
        loads: list[Load], walls: list[Wall], *, is_shown: bool = False,
    ) -> None:  # fmt: skip
        n_units, self.only_laden = len(places_m), options.detail == PLANAR
        most = planar.MAX_UNITS if self.only_laden else wheeled.MAX_UNITS
        self.n_worlds = 1 if is_shown else max(1, -(-n_units // most))
        self.world_of = deal(places_m, self.n_worlds)
        n_shares = min(options.processes, self.n_worlds)
        memory = shared_memory(n_units, is_shared=n_shares > 1)
        self.commands, self.state = shared_arrays(memory, n_units)
        self.pod_poses = np.zeros((len(loads), 3))
        self._lift_m = unit.body.lift_m
        self._is_shown = np.zeros((self.n_worlds, len(loads)), dtype=np.uint8)
        ground = Ground(options.detail, unit, n_units, loads, walls, is_shown)
        self._tick_s, self._shown_until_s = tick_of(options.detail), 0.0
        self._is_window = is_shown
        self._shares: list[Share] = []
        self._share_of: dict[int, Share] = {}
        with ExitStack() as stack:
            stack.callback(self.close)  # what there is by then, if anything fails
            # The own share comes last: the processes of the others begin meanwhile.
            for number, worlds in reversed(
                [*enumerate(np.array_split(range(self.n_worlds), n_shares))]
            ):
                self._add_share(number, worlds.tolist(), ground, memory)
            stack.pop_all()

    def _add_share(self, number: int, worlds: list[int], ground: Ground, memory: Any) -> None:
        share: Share
        if number == 0:
            share = OwnShare(ground, worlds, self.commands, self.state)
        else:
            share = OtherShare(ground, worlds, memory)
        self._shares.insert(0, share)
        self._share_of.update(dict.fromkeys(worlds, share))

    # ------------------------------------------------------------------ what is where

    def _tell(self, unit: int, name: str, *args: object) -> None:
        world = int(self.world_of[unit])
        self._share_of[world].tell(world, name, unit, *args)

    def _ask(self, unit: int, name: str) -> Any:
        world = int(self.world_of[unit])
        return self._share_of[world].ask(world, name, unit)

    def put_unit(self, unit: int, pose: Pose) -> None:
        """The unit stands there, empty."""
        self._tell(unit, "put_unit", pose)
        self.state[unit] = np.nan  # of its wheels
        self.state[unit, : POD_YAW + 1] = *pose, 0.0, 0.0, pose[2]
        self.state[unit, SLIP_M_S:] = 0.0

    def take_unit(self, unit: int) -> None:
        """The unit is in no world any more, nor what it carries."""
        self._tell(unit, "take_unit")

    def load_up(self, unit: int, pod: int, pose: Pose, *, is_up: bool) -> None:
        """The pod, which stands or is held at that pose, rests on the unit's plate from now on."""
        self._tell(unit, "load_up", pod, pose, is_up)
        if is_up:
            self.state[unit, PLATE_M] = self._lift_m

    def set_down(self, unit: int, pod: int) -> None:
        """What the unit carries stands where it is now."""
        self.pod_poses[pod] = self._ask(unit, "set_down")

    def show_pods(self, is_near: NDArray[np.uint8]) -> None:
        """Give bodies to standing pods where they could be touched, and to no others.

        is_near: uint8[n_worlds, n_pods]."""
        for world in np.flatnonzero((is_near != self._is_shown).any(axis=1)).tolist():
            changed = np.flatnonzero(is_near[world] != self._is_shown[world])
            is_shown = is_near[world, changed] != 0
            poses = self.pod_poses[changed[is_shown]].tolist()
            shown = list(zip(changed[is_shown].tolist(), map(tuple, poses), strict=True))
            self._share_of[world].tell(world, "show_pods", shown, changed[~is_shown].tolist())
        self._is_shown[:] = is_near

    def put_obstacle(self, cell: int, wall: Wall) -> None:
        """Something lies on the cell from now on, for everybody."""
        for world, share in self._share_of.items():
            share.tell(world, "put_obstacle", cell, wall)

    def take_obstacle(self, cell: int) -> None:
        """It does not any more."""
        for world, share in self._share_of.items():
            share.tell(world, "take_obstacle", cell)

    def unite(self, pairs: list[Pair]) -> None:
        """Units of these pairs that could touch come into one world with all that they could touch:
        the one with the fewest units, so that worlds stay of a size."""
        for units in _groups(pairs):
            worlds = self.world_of[units]
            if (worlds == worlds[0]).all():
                continue
            sizes = np.bincount(self.world_of, minlength=self.n_worlds)
            home = min(set(worlds.tolist()), key=lambda world: (sizes[world], world))
            for unit in units:
                if self.world_of[unit] != home:
                    drawn = self._ask(unit, "draw_unit")
                    self.world_of[unit] = home
                    self._tell(unit, "adopt_unit", drawn)

    # ------------------------------------------------------------------ one tick

    def step(self, *, strains: bool) -> list[Pair]:
        """Let a tick pass in all worlds; returns who touches what, in ascending order.

        strains: whether slip and torque of the state are wanted anew."""
        if self._is_window:
            self._keep_pace()
        for share in self._shares:
            share.begin_tick(strains)
        # The own share is the first: it is moved while the others move theirs.
        return sorted(pair for share in self._shares for pair in share.end_tick())

    def _keep_pace(self) -> None:
        """A window is for watching: no faster than life."""
        now_s = time.monotonic()
        self._shown_until_s = max(self._shown_until_s + self._tick_s, now_s)
        time.sleep(self._shown_until_s - now_s)

    def close(self) -> None:
        """Let go of all worlds and processes; may be called again."""
        for share in self._shares:
            share.close()


def deal(places_m: NDArray[np.float64], n_worlds: int) -> NDArray[np.int32]:
    """World of each unit, int32[n_units]: the floor is cut across its longer side, and each part
    again, so that worlds have as many units as one another, give or take one."""
    world_of = np.zeros(len(places_m), dtype=np.int32)
    _deal(places_m, np.arange(len(places_m)), 0, n_worlds, world_of)
    return world_of


def _deal(
    places_m: NDArray[np.float64], units: NDArray[np.int64], first: int, n_worlds: int,
    world_of: NDArray[np.int32],
) -> None:  # fmt: skip
    if n_worlds == 1:
        world_of[units] = first
        return
    mine = places_m[units]
    axis = int(np.ptp(mine, axis=0).argmax()) if len(mine) else 0
    ordered = units[np.lexsort((mine[:, 1 - axis], mine[:, axis]))]
    half = n_worlds // 2
    cut = len(units) * half // n_worlds
    _deal(places_m, ordered[:cut], first, half, world_of)
    _deal(places_m, ordered[cut:], first + half, n_worlds - half, world_of)


def _groups(pairs: list[Pair]) -> list[list[int]]:
    """Units that hang together by pairs, each group in ascending order."""
    groups: dict[int, set[int]] = {}
    for one, other in pairs:
        merged = groups.get(one, {one}) | groups.get(other, {other})
        groups.update(dict.fromkeys(merged, merged))
    return sorted({min(group): sorted(group) for group in groups.values()}.values())

"""What stands in a pybullet world for units to touch: walls, obstacles, pods while they are near.

Bodies that stand cost time as others do, so a pod has one only where a unit could touch it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.physics.bullet import show_floor
from twin.physics.space import OBSTACLE, STANDING_POD, Pair, Pose, Wall

UPRIGHT = (0.0, 0.0, 0.0, 1.0)
AWAY_Z_M, AWAY_STEP_M = -100.0, 3.0
"""Where bodies of pods are kept while nobody is near: each at a place of its own, since bodies that
overlap cost time too."""


DRAWN_POD_BY_POD = 10
"""A window is drawn anew for every body that is made; with more pods than these, once for all."""


class Standing:
    """bullet, client: the world. height_m: of walls. wall_group, pod_group: collision groups that
    they are in; touched_by: mask of what walls and pods can touch. pod_shape: collision shape of a
    standing pod.

    parties: which party of a contact each body is; units are entered by their world."""

    def __init__(
        self, bullet: Any, client: int, walls: list[Wall], height_m: float, pod_shape: int,
        groups: tuple[int, int], touched_by: tuple[int, int],
    ) -> None:  # fmt: skip
        self._bullet, self._client, self._half_z = bullet, client, height_m / 2
        self._pod_shape = pod_shape
        self._wall_kind, self._pod_kind = zip(groups, touched_by, strict=True)
        self.parties: dict[int, int] = {}
        self._pods: dict[int, int] = {}
        self._spare: list[int] = []
        self._obstacles: dict[int, int] = {}
        for wall in walls:
            self._make_wall(wall)
        self._is_window = bullet.getConnectionInfo(client)["connectionMethod"] == bullet.GUI
        if self._is_window:
            show_floor(bullet, client, np.array([wall.centre for wall in walls]))

    def _make(self, shape: int, kind: tuple[int, int], pose: Pose, party: int) -> int:
        p = self._bullet
        made = int(p.createMultiBody(
            0, shape, -1, [pose[0], pose[1], 0.0], p.getQuaternionFromEuler([0, 0, pose[2]]),
            useMaximalCoordinates=1, physicsClientId=self._client,
        ))  # fmt: skip
        p.setCollisionFilterGroupMask(made, -1, *kind, physicsClientId=self._client)
        self.parties[made] = party
        return made

    def _make_wall(self, wall: Wall) -> int:
        shape = box_on_floor(self._bullet, self._client, wall.half, self._half_z)
        return self._make(shape, self._wall_kind, (*wall.centre, 0.0), OBSTACLE)

    def show_pods(self, shown: list[tuple[int, Pose]], hidden: list[int]) -> None:
        """As of `Space`."""
        p = self._bullet
        is_slow = self._is_window and len(shown) > DRAWN_POD_BY_POD
        if is_slow:
            p.configureDebugVisualizer(p.COV_ENABLE_RENDERING, 0, physicsClientId=self._client)
        for pod in hidden:
            body = self._pods.pop(pod, None)
            if body is not None:
                self._spare.append(body)
                away = [AWAY_STEP_M * len(self._spare), 0.0, AWAY_Z_M]
                p.resetBasePositionAndOrientation(body, away, UPRIGHT, physicsClientId=self._client)
        for pod, pose in shown:
            if not self._spare:
                body = self._make(self._pod_shape, self._pod_kind, pose, STANDING_POD)
                self._spare.append(body)
            self._pods[pod] = body = self._spare.pop()
            turn = p.getQuaternionFromEuler([0, 0, pose[2]])
            p.resetBasePositionAndOrientation(
                body, [pose[0], pose[1], 0.0], turn, physicsClientId=self._client
            )
        if is_slow:
            p.configureDebugVisualizer(p.COV_ENABLE_RENDERING, 1, physicsClientId=self._client)

    def put_obstacle(self, cell: int, wall: Wall) -> None:
        """As of `Space`."""
        self._obstacles[cell] = self._make_wall(wall)

    def take_obstacle(self, cell: int) -> None:
        """As of `Space`."""
        body = self._obstacles.pop(cell)
        self._bullet.removeBody(body, physicsClientId=self._client)
        del self.parties[body]

    def contacts(self) -> list[Pair]:
        """Pairs of parties whose bodies touch, each once; what is no party, as the floor, is left
        out."""
        parties, found = self.parties, set()
        points = self._bullet.getContactPoints(physicsClientId=self._client)
        for row in [row for row in points if row[1] in parties and row[2] in parties]:
            low, high = sorted((parties[row[1]], parties[row[2]]))
            if row[8] <= 0.0 and low != high:
                found.add((high, low) if low < 0 else (low, high))
        return sorted(found)


def box_on_floor(bullet: Any, client: int, half: tuple[float, float], half_z: float) -> int:
    """Collision shape of a box that stands on the floor; half sides and half height in metres."""
    return int(
        bullet.createCollisionShape(
            bullet.GEOM_BOX, halfExtents=[*half, half_z], collisionFramePosition=[0, 0, half_z],
            physicsClientId=client,
        )
    )  # fmt: skip

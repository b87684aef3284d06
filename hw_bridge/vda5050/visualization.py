"""Topic visualization: where a unit is, oftener than in its state (VDA 5050 3.0.0, section 6.11).

For screens; loss does not matter and nothing is decided by it.
"""

from __future__ import annotations

from hw_bridge.vda5050.base import Message
from hw_bridge.vda5050.path import IntermediatePath, MobileRobotPosition, PlannedPath, Velocity


class Visualization(Message, frozen=True, kw_only=True):
    """reference_state_header_id: the state that it goes on from."""

    reference_state_header_id: int
    planned_path: PlannedPath | None = None
    intermediate_path: IntermediatePath | None = None
    mobile_robot_position: MobileRobotPosition | None = None
    velocity: Velocity | None = None

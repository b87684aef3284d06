"""Who a unit is, and what its integrator chooses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from hw_bridge.agent.tools import Tool
from hw_bridge.vda5050.names import MAP_ID
from hw_bridge.wire.frames import Link, Topic


@dataclass(frozen=True, slots=True)
class Identity:
    manufacturer: str
    serial: str


class Outgoing(NamedTuple):
    """A message to send now. If it cannot be sent, it is dropped: a later state says it again."""

    topic: Topic
    link: Link
    payload: bytes


@dataclass(frozen=True, slots=True)
class Build:
    """The unit as its factsheet describes it: kg, metres, seconds."""

    series: str = "gridfleet drive unit"
    maximum_load_kg: float = 500.0
    maximum_speed_m_s: float = 2.0
    maximum_acceleration_m_s2: float = 1.0
    maximum_deceleration_m_s2: float = 1.0
    length_m: float = 0.8
    width_m: float = 0.6
    height_m: float = 0.3
    lift_s: float = 3.0


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """state_s: a state goes out at least this often. deadman_s: silence of the controller after
    which the unit stops at the next point. start_tolerance_m: how far from its first node an order
    may find the unit. longest_edge_m: no point is driven to from farther away. low_charge: share
    of the battery under which it says so. wall_zero_s: Unix time at `now_s` = 0, for timestamps.
    max_nodes, max_instants: how many of an order it keeps, and how many instant actions it tells.
    tools: what it can do besides driving and lifting."""

    state_s: float = 1.0
    deadman_s: float = 1.5
    map_id: str = MAP_ID
    map_version: str = "1"
    start_tolerance_m: float = 0.5
    longest_edge_m: float = 50.0
    low_charge: float = 0.2
    wall_zero_s: float = 0.0
    max_nodes: int = 256
    max_instants: int = 16
    tools: tuple[Tool, ...] = ()
    build: Build = field(default_factory=Build)

    def tool(self, action_type: str) -> Tool | None:
        return next((tool for tool in self.tools if tool.action_type == action_type), None)

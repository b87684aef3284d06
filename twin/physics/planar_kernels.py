"""How units without wheels move: as fast as they are told, with no more force than grip and motors
give.

A body of mass m on two driven wheels that carry its weight can change its speed ahead by
min(mu g, 2 T / (r m)) each second and its speed aside by mu g (Coulomb); its turn rate by the
moment that those forces have about its middle, over half the track.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

PX, PY, QZ, QW, VX, VY, RATE_NOW = 0, 1, 2, 3, 4, 5, 6
"""Columns of `raw`: place, z and w of the orientation, velocity, turn rate of the body."""
OFF_X, OFF_Y, TURNED, POD_REST = 0, 1, 2, 3
"""Columns of `mounts`: place of the body's middle in its own frame from the middle of the chassis,
metres; yaw of the chassis less that of the body; yaw that the body is to keep."""
AHEAD_LIMIT, ASIDE_LIMIT, TURN_LIMIT = 0, 1, 2
"""Columns of `grips`: m/s2, m/s2, rad/s2."""
KEEP_GAIN, KEEP_RATE = 5.0, 1.0
"""1/s and rad/s: how a plate turns a pod back that has been knocked askew."""


@kernel
def take_poses(
    rows: NDArray[np.int64], raw: NDArray[np.float64], mounts: NDArray[np.float64],
    commands: NDArray[np.float64], state: NDArray[np.float64],
) -> None:  # fmt: skip
    """Fill the first six columns of `state` (twin.physics.space) for the units of `rows`.

    raw: float64[n_units, 7], bodies of the units. mounts: float64[n_units, 4]. commands: as of
    `twin.physics.steer_kernels.steer`; plates are where they should be."""
    for unit in rows:
        body_yaw = 2.0 * math.atan2(raw[unit, QZ], raw[unit, QW])
        east, north = math.cos(body_yaw), math.sin(body_yaw)
        off_x, off_y = mounts[unit, OFF_X], mounts[unit, OFF_Y]
        yaw = body_yaw + mounts[unit, TURNED]
        state[unit, 0] = raw[unit, PX] - (off_x * east - off_y * north)
        state[unit, 1] = raw[unit, PY] - (off_x * north + off_y * east)
        state[unit, 2] = yaw - 2.0 * math.pi * math.floor(yaw / (2.0 * math.pi) + 0.5)
        state[unit, 3] = 0.0
        state[unit, 4] = commands[unit, 2]
        state[unit, 5] = body_yaw


@kernel
def _within(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


@kernel
def find_velocities(
    dt: float, rows: NDArray[np.int64], raw: NDArray[np.float64], keeps: NDArray[np.uint8],
    grips: NDArray[np.float64], commands: NDArray[np.float64], mounts: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> None:  # fmt: skip
    """What the bodies of `rows` do in a tick of dt seconds: their velocities in `raw` become those.

    keeps: uint8[n_units], 1 where the body is a pod that does not turn with its unit. grips:
    float64[n_units, 3]. shares: float64[n_units], filled: wanted force over what there is, at most
    1. mounts: as of `take_poses`; chassis turn against bodies that keep their yaw."""
    for unit in rows:
        body_yaw = 2.0 * math.atan2(raw[unit, QZ], raw[unit, QW])
        rate = commands[unit, 1]
        yaw = body_yaw + mounts[unit, TURNED] + 0.5 * rate * dt  # halfway through the tick
        east, north = math.cos(yaw), math.sin(yaw)
        body_rate = rate
        if keeps[unit] != 0:
            off = mounts[unit, POD_REST] - body_yaw
            off -= 2.0 * math.pi * math.floor(off / (2.0 * math.pi) + 0.5)
            body_rate = _within(KEEP_GAIN * off, KEEP_RATE)
        limit = grips[unit, TURN_LIMIT] * dt
        body_rate = raw[unit, RATE_NOW] + _within(body_rate - raw[unit, RATE_NOW], limit)
        if keeps[unit] != 0:
            mounts[unit, TURNED] += (rate - body_rate) * dt
        # The body's middle goes around that of the chassis where the two are not the same.
        be, bn = math.cos(body_yaw), math.sin(body_yaw)
        off_x = mounts[unit, OFF_X] * be - mounts[unit, OFF_Y] * bn
        off_y = mounts[unit, OFF_X] * bn + mounts[unit, OFF_Y] * be
        vx = commands[unit, 0] * east - body_rate * off_y - raw[unit, VX]
        vy = commands[unit, 0] * north + body_rate * off_x - raw[unit, VY]
        ahead, aside = vx * east + vy * north, vy * east - vx * north
        most = grips[unit, AHEAD_LIMIT] * dt
        shares[unit] = min(abs(ahead) / most, 1.0)
        ahead = _within(ahead, most)
        aside = _within(aside, grips[unit, ASIDE_LIMIT] * dt)
        raw[unit, VX] += ahead * east - aside * north
        raw[unit, VY] += ahead * north + aside * east
        raw[unit, RATE_NOW] = body_rate

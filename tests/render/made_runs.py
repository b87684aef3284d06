"""Run folders with poses written down by hand, so that a test knows where everything is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gridfleet.poses.recording import ROW, SET_DOWN, STATES, TAKEN
from gridfleet.run_folder import SCENARIO, write_poses
from gridfleet.scenario import Scenario

FLOOR = """
format = 1
name = "made"
map = \"\"\"
........
..PP....
........
.qS#....
\"\"\"
"""
"""8 x 4 m."""


def row(
    time_s: float, unit: int, x_m: float, y_m: float, yaw_rad: float = 0.0,
    state: str = "empty", pod: int = -1, lift: float = 0.0,
) -> tuple[float | int, ...]:  # fmt: skip
    return time_s, unit, pod, x_m, y_m, yaw_rad, STATES.index(state), lift


def down(time_s: float, pod: int, x_m: float, y_m: float) -> tuple[float | int, ...]:
    return time_s, -1, pod, x_m, y_m, 0.0, SET_DOWN, 0.0


def taken(time_s: float, pod: int, x_m: float, y_m: float) -> tuple[float | int, ...]:
    return time_s, -1, pod, x_m, y_m, 0.0, TAKEN, 0.0


def make_run(folder: Path, rows: list[tuple[float | int, ...]]) -> Path:
    """A folder that `gridfleet render` takes for a run."""
    folder.mkdir(parents=True)
    (folder / "made.toml").write_text(FLOOR)
    scenario = Scenario(layout="made.toml").resolved(folder)
    (folder / SCENARIO).write_text(scenario.to_toml())
    table = np.array(rows, dtype=ROW)
    write_poses(folder, {name: table[name] for name in ROW.names or ()})
    return folder


def crossing(folder: Path, end_s: int = 10) -> Path:
    """Unit 0 drives east; unit 1 stands in the north-east with a fault; two pods stand."""
    rows = [down(0.0, 0, 2.5, 2.5), down(0.0, 1, 3.5, 2.5)]
    for second in range(end_s + 1):
        rows.append(row(float(second), 0, 4.5 + 0.3 * second, 1.5))
        rows.append(row(float(second), 1, 6.5, 3.5, np.pi / 2, "stopped"))
    return make_run(folder, rows)

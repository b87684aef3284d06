"""Speed of pictures: 720p overview pictures a second, and a one-minute clip as MP4.

    python benchmarks/render_speed.py --layout demo --robots 100

Records a run of three minutes first. Prints wall and CPU time of a picture in one process, without
and with the follow camera, then how long the clip takes at each number of pictures a second. What
others do on the machine shows in the wall times; the load average is printed beside them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from gridfleet.render.files import write_clip
from gridfleet.render.frames import frames
from gridfleet.render.studio import Shot, Studio
from gridfleet.run_folder import SCENARIO, write_poses, write_text
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation

N_PICTURES, FIRST_S, CLIP_S = 50, 90.0, 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layout", default="demo")
    parser.add_argument("--robots", type=int, default=100)
    parser.add_argument("--fps", type=float, nargs="+", default=[10.0, 24.0])
    parser.add_argument("--processes", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(
            Scenario(layout=options.layout, robots=options.robots, hours=0.05, poses_hz=10.0),
            folder,
        )
        for shot in (Shot(), Shot("follow", 0)):
            time_pictures(folder, shot)
        for fps in options.fps:
            time_clip(folder, fps, options.processes)


def record(scenario: Scenario, folder: Path) -> None:
    simulation = Simulation(scenario)
    simulation.run()
    assert simulation.poses is not None
    write_text(folder, SCENARIO, scenario.to_toml())
    write_poses(folder, simulation.poses.columns())


def time_pictures(folder: Path, shot: Shot) -> None:
    studio = Studio(folder, shot)
    studio.picture(FIRST_S)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for number in range(N_PICTURES):
        studio.picture(FIRST_S + 0.1 * number)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    print(
        f"{shot.camera}, {shot.width}x{shot.height}, one process: {N_PICTURES / wall_s:.1f} "
        f"pictures a second, {N_PICTURES / cpu_s:.1f} a CPU second{load()}"
    )
    studio.close()


def time_clip(folder: Path, fps: float, n_processes: int) -> None:
    times = [FIRST_S + number / fps for number in range(round(CLIP_S * fps))]
    began_s, cpu = time.perf_counter(), os.times()
    write_clip(folder / "clip.mp4", frames(folder, Shot(), times, n_processes), fps)
    wall_s, now = time.perf_counter() - began_s, os.times()
    cpu_s = sum(now[:4]) - sum(cpu[:4])
    size_mb = (folder / "clip.mp4").stat().st_size / 1e6
    print(
        f"a minute at {fps:g} pictures a second ({len(times):,}): {wall_s:.0f} s, of CPU "
        f"{cpu_s:.0f} s, {size_mb:.1f} MB{load()}"
    )


def load() -> str:
    return f"; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"


if __name__ == "__main__":
    main()

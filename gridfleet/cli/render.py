"""`gridfleet render`: pictures and clips of a recorded run."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.progress import make_bar

if TYPE_CHECKING:
    from PIL.Image import Image

    from gridfleet.poses.reading import Poses

INTERRUPTED = 130
CLIP_FPS = 10.0
USUAL_CLIP = ".webp"


def render(
    run: Annotated[Path, typer.Argument(help="Result folder of a run with poses.")],
    at: Annotated[
        str | None,
        typer.Option(help="A picture of this time: seconds or h:mm:ss. [default: mid-run]"),
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="A clip from this time on. [default: the start]")
    ] = None,
    to: Annotated[str | None, typer.Option(help="To this time. [default: the end]")] = None,
    fps: Annotated[
        float | None, typer.Option(help="Pictures a second of the clip. [default: 10]")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(help="Times real time that the clip shows. [default: 1]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File: .png, or .webp, .gif or .mp4 for a clip. [default: RUN-TIME in this folder]"
        ),
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(help="overview, follow. [default: overview, with --unit follow]"),
    ] = None,
    unit: Annotated[
        int | None,
        typer.Option(help="Unit to follow. [default: the first that carries something]"),
    ] = None,
    size: Annotated[str, typer.Option(help="Pixels, as 1920x1080.")] = "1280x720",
    processes: Annotated[
        int, typer.Option(min=0, help="Take pictures of a clip in so many; 0: as suits.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Make a picture or a clip of a recorded run.

    \b
    A run with poses, its floor in the middle of it, and at five minutes:
      gridfleet simulate demo --hours 0.1 --poses 10 --out run
      gridfleet render run
      gridfleet render run --at 0:05:00 --out floor.png

    \b
    Clips: a minute in real time, five minutes at ten times real time, behind unit 7:
      gridfleet render run --from 0:02:00 --to 0:03:00 --fps 24 --out minute.mp4
      gridfleet render run --from 0 --to 0:05:00 --speed 10 --size 640x360 --out shift.webp
      gridfleet render run --from 120 --to 140 --unit 7 --out unit-7.gif --size 640x360

    Neither a screen nor a graphics card is needed. Exit codes: 0 success, 2 bad usage or input,
    1 failure, 130 Ctrl-C, after which nothing is written.
    """
    with reported(), _interrupts():
        from gridfleet.poses.reading import Poses
        from gridfleet.render import files
        from gridfleet.render.canvas import RenderError, load
        from gridfleet.render.frames import frames
        from gridfleet.render.studio import Shot

        is_clip = from_ is not None or to is not None
        _check_together(at, is_clip, fps, speed)
        width, height = _pixels(size)
        poses = Poses(run)
        times = _clip_times(poses, from_, to, fps, speed) if is_clip else [_still_time(poses, at)]
        chosen = camera or ("follow" if unit is not None else "overview")
        if chosen == "overview" and unit is not None:
            raise RenderError("--unit is for --camera follow; leave one of them out")
        followed = -1
        if chosen == "follow":
            followed = unit if unit is not None else _first_at_work(poses, times[0])
        shot = Shot(chosen, followed, width, height)
        path = out or Path(_name(run, times, is_clip))
        files.check_path(path, is_clip=is_clip)
        if is_clip:
            files.check_clip(path, width, height, len(times))
        load()
        pictures = _told(frames(run, shot, times, processes), len(times), path, quiet)
        began_s = time.perf_counter()
        if is_clip:
            files.write_clip(path, pictures, fps or CLIP_FPS)
        else:
            files.write_still(path, next(pictures))
        _say(path, times, width, height, time.perf_counter() - began_s, as_json)


@contextmanager
def _interrupts() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        print("interrupted: nothing was written", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def _check_together(at: str | None, is_clip: bool, fps: float | None, speed: float | None) -> None:
    from gridfleet.render.canvas import RenderError

    if at is not None and is_clip:
        raise RenderError("--at is for a picture, --from and --to are for a clip; give one of them")
    for name, value in (("--fps", fps), ("--speed", speed)):
        if value is not None and not is_clip:
            raise RenderError(f"{name} is for clips; give --from or --to")
        if value is not None and not (isfinite(value) and 0 < value <= 1000):
            raise RenderError(f"{name} is {value:g}; give more than 0, at most 1000")


def _pixels(size: str) -> tuple[int, int]:
    from gridfleet.render.canvas import RenderError

    match = re.fullmatch(r"(\d+)x(\d+)", size)
    if match is None:
        raise RenderError(f"--size is {size!r}; write 1280x720")
    return int(match[1]), int(match[2])


def _seconds(text: str, option: str) -> float:
    from gridfleet.clock import from_clock
    from gridfleet.render.canvas import RenderError

    time_s = from_clock(text)
    if time_s is None:
        try:
            time_s = float(text)
        except ValueError:
            time_s = -1.0
    if not (isfinite(time_s) and time_s >= 0):
        raise RenderError(f"{option} is {text!r}; write seconds, or h:mm:ss like 0:05:30")
    return time_s


def _still_time(poses: Poses, at: str | None) -> float:
    if at is None:
        return (poses.first_s + poses.last_s) / 2
    time_s = _seconds(at, "--at")
    poses.check_time(time_s)
    return time_s


def _clip_times(
    poses: Poses, from_: str | None, to: str | None, fps: float | None, speed: float | None
) -> list[float]:
    """Times of all pictures of a clip."""
    from gridfleet.clock import as_clock
    from gridfleet.render.canvas import RenderError

    begin = poses.first_s if from_ is None else _seconds(from_, "--from")
    end = poses.last_s if to is None else _seconds(to, "--to")
    for time_s in (begin, end):
        poses.check_time(time_s)
    if not begin < end:
        raise RenderError(
            f"--from {as_clock(begin)} --to {as_clock(end)}: give an end after the beginning"
        )
    step_s = (speed or 1.0) / (fps or CLIP_FPS)
    n_frames = max(ceil((end - begin) / step_s - 1e-9), 1)
    return [begin + number * step_s for number in range(n_frames)]


def _first_at_work(poses: Poses, time_s: float) -> int:
    """The first unit that carries a pod then, or the first at all."""
    moment = poses.moment(time_s)
    carriers = moment.units[moment.pods >= 0]
    return int([*carriers.tolist(), *moment.units.tolist(), 0][0])


def _name(run: Path, times: list[float], is_clip: bool) -> str:
    """A file in this folder, named after the run and the time."""
    from gridfleet.clock import as_clock

    name = re.sub(r"[^\w.-]+", "-", run.resolve().name).strip("-.") or "run"
    ends = [times[0], times[-1]] if is_clip else times
    clocks = "-".join(as_clock(time_s).replace(":", "") for time_s in ends)
    return f"{name}-{clocks}{USUAL_CLIP if is_clip else '.png'}"


def _told(pictures: Iterator[Image], n_frames: int, path: Path, is_quiet: bool) -> Iterator[Image]:
    """The pictures, and a bar of how many there are where somebody watches."""
    if is_quiet or n_frames == 1 or not sys.stderr.isatty():
        yield from pictures
        return
    with make_bar() as bar:
        task = bar.add_task(f"0 of {n_frames:,} pictures of {path.name}", total=n_frames)
        for number, picture in enumerate(pictures, start=1):
            yield picture
            text = f"{number:,} of {n_frames:,} pictures of {path.name}"
            bar.update(task, completed=number, description=text)


def _say(
    path: Path, times: list[float], width: int, height: int, took_s: float, as_json: bool
) -> None:  # fmt: skip
    from gridfleet.clock import as_clock

    if as_json:
        told = {
            "file": str(path), "bytes": path.stat().st_size, "frames": len(times), "width": width,
            "height": height, "from_s": times[0], "to_s": times[-1], "seconds": round(took_s, 2),
        }  # fmt: skip
        print(json.dumps(told, indent=2))
    elif len(times) == 1:
        print(f"picture: {path} ({as_clock(times[0])})")
    else:
        ends = f"{as_clock(times[0])} to {as_clock(times[-1])}"
        print(f"clip: {path} ({ends}, {len(times):,} pictures in {took_s:.0f} s)")

"""The pictures of a clip one after the other, taken by several processes where there are many."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from fleet_control.processors import usable_processors
from gridfleet.render.canvas import RenderError
from gridfleet.render.studio import Shot, Studio
from layouts import GridfleetError

if TYPE_CHECKING:
    from PIL.Image import Image

WORTH_MORE = 40
"""Fewer pictures are taken before another process is ready."""


def frames(folder: Path, shot: Shot, times_s: list[float], n_processes: int = 0) -> Iterator[Image]:
    """Pictures of the run at those times, in their order.

    n_processes: 0 for two where there are two processors and pictures enough. Raises as Studio
    does; what a process says ends the clip."""
    n_processes = n_processes or min(2, usable_processors())
    if n_processes == 1 or len(times_s) < WORTH_MORE:
        studio = Studio(folder, shot)
        try:
            for time_s in times_s:
                yield studio.picture(time_s)
        finally:
            studio.close()
    else:
        yield from _from_processes(folder, shot, times_s, n_processes)


def _from_processes(
    folder: Path, shot: Shot, times_s: list[float], n_processes: int
) -> Iterator[Image]:
    """Every n-th picture from each; a pipe that is full makes its process wait."""
    from PIL import Image

    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    try:
        for first in range(n_processes):
            ours, theirs = context.Pipe(duplex=False)
            own = times_s[first::n_processes]
            process = context.Process(target=_take, args=(theirs, folder, shot, own), daemon=True)
            process.start()
            theirs.close()
            pipes.append(ours)
            processes.append(process)
        for number in range(len(times_s)):
            pixels = _received(pipes[number % n_processes])
            yield Image.frombytes("RGB", (shot.width, shot.height), pixels)
    finally:
        for process in processes:
            process.terminate()
            process.join()
        for pipe in pipes:
            pipe.close()


def _received(pipe: Connection) -> bytes:
    try:
        said = pipe.recv()
    except EOFError:
        raise RenderError("a process that takes pictures has ended; try --processes 1") from None
    if isinstance(said, str):
        raise RenderError(said)
    assert isinstance(said, bytes)
    return said


def _take(pipe: Connection, folder: Path, shot: Shot, times_s: list[float]) -> None:
    """What a process does: its pictures as bytes, or a message and no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its owner ends it
    try:
        for picture in frames(folder, shot, times_s, 1):
            pipe.send(picture.tobytes())
    except GridfleetError as error:
        pipe.send(str(error))
    except BrokenPipeError:
        pass

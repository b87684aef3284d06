"""The folder that a run leaves: scenario.toml, kpis.json, events.parquet and report.html;
poses.parquet and legs.parquet, if they were wanted, and failure.txt, where the program was, if the
run failed.

A run is written into a hidden folder inside first. When all of it is there, the old derived files
are removed and the new ones renamed into place, kpis.json last. So at every moment, whatever stops
the program, all files of a folder are of one run, and a folder with kpis.json is complete. Renaming
files and not the folder keeps working where the folder is the current one, a link or a mount.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.events import EventKind
from gridfleet.parquet import ParquetError, write_parquet
from gridfleet.poses.recording import STATES
from layouts import GridfleetError
from twin.legs import LegKind, Legs

SCENARIO, KPIS, EVENTS, REPORT = "scenario.toml", "kpis.json", "events.parquet", "report.html"
POSES, LEGS, FAILURE = "poses.parquet", "legs.parquet", "failure.txt"
_STAGING = ".new-"
RESOLUTION = "resolution_s"
"""Key of legs.parquet under which it says to what times are known."""
_KIND_NAMES = [kind.name.lower() for kind in EventKind]


class RunFolderError(GridfleetError, OSError):
    """A result folder that cannot be used; the text names the cure."""


def default_folder(layout: str, seed: int) -> Path:
    """Where a run goes if nobody says: runs/LAYOUT-SEED."""
    return Path("runs") / f"{Path(layout).stem}-{seed}"


def is_run(folder: Path) -> bool:
    """Whether the folder holds a run, which a new one may replace."""
    return (folder / SCENARIO).is_file()


def prepare(folder: Path) -> Path:
    """Make sure that the run can be written before it starts; returns the folder, which exists.

    A folder that holds a run is used again. One that holds anything else is left alone: it, a file
    in the way and a place that cannot be written raise RunFolderError.
    """
    cure = "choose another folder with --out"
    try:
        if folder.exists() and not folder.is_dir():
            raise RunFolderError(f"{folder} is a file; {cure}")
        if folder.is_dir() and _is_taken(folder):
            raise RunFolderError(f"{folder} exists and is not the result of a run; {cure}")
        folder.mkdir(parents=True, exist_ok=True)
        os.rmdir(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
    except RunFolderError:
        raise
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be written: {error.strerror}; {cure}") from None
    return folder


def _is_taken(folder: Path) -> bool:
    """Whether there is anything but a run, or what an interrupted writing left."""
    names = [entry.name for entry in folder.iterdir()]
    return not is_run(folder) and any(not name.startswith(_STAGING) for name in names)


@contextmanager
def reserved(folder: Path) -> Iterator[Path]:
    """`prepare`, and no empty folder left behind, nor one above it, where the block fails."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        prepare(folder)
        yield folder
    finally:
        for path in missing:  # the deepest first
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A folder to write the files of a run to; afterwards they replace those of the run before.

    Where the block fails or is interrupted, the folder stays as it was. Files in it that are no
    part of a run stay in any case. Raises RunFolderError where something cannot be written.
    """
    try:
        staged = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
        try:
            yield staged
            _publish(staged, folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except RunFolderError:
        raise
    except OSError as error:
        what = error.strerror or str(error)
        raise RunFolderError(
            f"{folder}: the result cannot be written: {what}; make room or choose another folder "
            "with --out"
        ) from None


def _publish(staged: Path, folder: Path) -> None:
    for name in (KPIS, EVENTS, POSES, LEGS, REPORT, FAILURE):
        (folder / name).unlink(missing_ok=True)
    ranks = {SCENARIO: 0, KPIS: 2}
    for path in sorted(staged.iterdir(), key=lambda path: (ranks.get(path.name, 1), path.name)):
        os.replace(path, folder / path.name)


def write_text(folder: Path, name: str, text: str) -> None:
    """Write a text file in one piece."""
    temporary = folder / f".{name}.part"
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, folder / name)


def write_kpis(folder: Path, figures: dict[str, Any]) -> None:
    """Write kpis.json; raises ValueError for a figure that JSON lacks, such as nan."""
    write_text(folder, KPIS, json.dumps(figures, indent=2, allow_nan=False) + "\n")


def write_events(folder: Path, columns: dict[str, NDArray[np.generic]]) -> None:
    """Write the event log.

    columns: of equal length, as EventLog.columns gives them. In the file `kind` is the name of the
    kind in small letters (docs/events.md). Raises RunFolderError.
    """
    _write_table(folder / EVENTS, columns, {"kind": _KIND_NAMES})


def write_poses(folder: Path, columns: dict[str, NDArray[np.generic]]) -> None:
    """Write recorded poses.

    columns: of equal length, as PoseRecorder.columns gives them. In the file `state` is a name
    (docs/poses.md). Raises RunFolderError.
    """
    _write_table(folder / POSES, columns, {"state": list(STATES)})


def write_legs(folder: Path, legs: Legs) -> None:
    """The same for legs (docs/crosscheck.md); to what times are known is said in the file."""
    names = [kind.name.lower() for kind in LegKind]
    says = {RESOLUTION: f"{legs.resolution_s:.9g}"}
    _write_table(folder / LEGS, legs.columns(), {"kind": names}, says)


def _write_table(
    path: Path, columns: dict[str, NDArray[np.generic]], names: dict[str, list[str]],
    says: dict[str, str] | None = None,
) -> None:  # fmt: skip
    try:
        write_parquet(path, columns, names, says)
    except ParquetError as error:
        raise RunFolderError(str(error)) from None

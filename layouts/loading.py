"""One way in for every floor, a ready one or a file of any known format, and one way out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from layouts.drawing import read_text
from layouts.errors import LayoutError
from layouts.guidance import guidance_text, is_guidance_table, read_guidance_table
from layouts.imported import Imported
from layouts.kiva import read_kiva
from layouts.kiva_write import kiva_text
from layouts.layout import Layout
from layouts.lif import read_lif
from layouts.lif_write import lif_text
from layouts.lorr import map_of_problem, read_league_map, read_league_problem
from layouts.movingai import read_movingai
from layouts.movingai_write import movingai_text
from layouts.native import read_native
from layouts.native_write import native_text
from layouts.rhcr import read_rhcr_grid, read_rhcr_map
from layouts.xinst import read_xinst

if TYPE_CHECKING:
    from datetime import datetime

FORMATS: dict[str, Callable[[Path], Layout | Imported]] = {
    "native": read_native,
    "MovingAI map": read_movingai,
    "League map": read_league_map,
    "League problem": read_league_problem,
    "Kiva JSON": read_kiva,
    "RHCR map": read_rhcr_map,
    "RHCR grid": read_rhcr_grid,
    "guidance table": read_guidance_table,
    "RAWSim-O instance": read_xinst,
    "LIF": read_lif,
}
LIF_SUFFIXES = (".lif", ".lif.json")
_BY_SUFFIX = {
    ".toml": "native", ".map": "MovingAI map", ".json": "Kiva JSON", ".grid": "RHCR grid",
    ".csv": "guidance table", ".xinst": "RAWSim-O instance", ".lif": "LIF",
}  # fmt: skip


def library_names() -> list[str]:
    """Names of the ready floors, sorted."""
    folder = resources.files("layouts") / "library"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(name_or_path: str | Path) -> Layout:
    """The floor of that name in the library, or read from that file.

    Raises LayoutError naming all that is wrong with the file, or the nearest name.
    """
    return load_noted(name_or_path).layout


def load_noted(name_or_path: str | Path) -> Imported:
    """The same, with what reading this file changed or left out."""
    name = str(name_or_path)
    if name in library_names():
        with resources.as_file(resources.files("layouts") / "library" / f"{name}.toml") as path:
            return Imported(read_native(path))
    path = Path(name_or_path)
    if path.is_dir():
        raise LayoutError(f"{path} is a folder; name a floor file in it")
    if not path.exists():
        names = library_names()
        near = get_close_matches(name, names, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"ready floors: {names}"
        raise LayoutError(f"no floor file {name!r} and no ready floor of that name; {hint}")
    found = FORMATS[format_of(path)](path)
    return found if isinstance(found, Imported) else Imported(found)


def format_of(path: Path) -> str:
    """Key of FORMATS for a file: by what is in it, else by its suffix. Raises LayoutError."""
    text = read_text(path)
    lines = text.lstrip().split("\n")
    first = lines[0]
    if first.startswith("{"):
        if '"metaInformation"' in text or path.name.lower().endswith(LIF_SUFFIXES):
            return "LIF"
        return "League problem" if '"mapFile"' in text else "Kiva JSON"
    if first.startswith("<") and ("<Instance" in text or path.suffix.lower() == ".xinst"):
        return "RAWSim-O instance"
    if is_guidance_table(first):
        return "guidance table"
    if first.split()[:1] == ["type"] and "=" not in first:
        # MovingAI has no `E`; its `S` (swamp) is a service cell in the League.
        return "League map" if any("E" in row for row in lines[4:]) else "MovingAI map"
    if first.lower().startswith("grid size"):
        return "RHCR grid"
    if re.fullmatch(r"\s*\d+\s*,\s*\d+\s*", first):
        return "RHCR map"
    if re.search(r"(?m)^\s*map\s*=", text):
        return "native"
    if path.suffix.lower() in _BY_SUFFIX:
        return _BY_SUFFIX[path.suffix.lower()]
    raise LayoutError(f"{path}: not a floor file of a known format: {', '.join(FORMATS)}")


def floor_files(path: Path) -> list[Path]:
    """All files that the floor of a file is read from: a League problem names its map. Raises
    LayoutError."""
    return [path, map_of_problem(path)] if format_of(path) == "League problem" else [path]


def save(layout: Layout, path: str | Path) -> None:
    """Write a floor as a native file, in one piece; `load` gives an equal floor back.

    Raises LayoutError for a floor that `load` would refuse, or a place that cannot be written.
    """
    write_whole(native_text(layout), Path(path))


def save_movingai(layout: Layout, path: str | Path) -> None:
    """Write where units may be as a MovingAI map, in one piece; lost_in_movingai names the rest."""
    write_whole(movingai_text(layout), Path(path))


def save_kiva(layout: Layout, path: str | Path) -> None:
    """Write a Kiva floor, in one piece; lost_in_kiva names what it does not say."""
    write_whole(kiva_text(layout), Path(path))


def save_guidance(layout: Layout, path: str | Path) -> None:
    """Write a guidance table, in one piece; lost_in_guidance names what it does not say."""
    write_whole(guidance_text(layout), Path(path))


def save_lif(layout: Layout, path: str | Path, exported_at: datetime) -> None:
    """Write a LIF file, in one piece; lost_in_lif names what it does not say.

    exported_at: in UTC; the file must say it.
    """
    write_whole(lif_text(layout, exported_at, Path(path)), Path(path))


def write_whole(text: str, target: Path) -> None:
    """Write a file completely or not at all. Raises LayoutError."""
    temporary = target.with_name(f".{target.name}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise LayoutError(f"{target}: cannot be written: {error.strerror}") from None

"""One way in for every floor: a name of the library or a file in any known format."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from layouts.errors import LayoutError
from layouts.layout import Layout
from layouts.movingai import read_movingai
from layouts.native import read_native


def library_names() -> list[str]:
    """Names of the ready floors, sorted."""
    folder = resources.files("layouts") / "library"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(name_or_path: str | Path) -> Layout:
    """The floor of that name in the library, or read from that file.

    Raises LayoutError naming what is wrong with the file, or the nearest name.
    """
    name = str(name_or_path)
    if name in library_names():
        with resources.as_file(resources.files("layouts") / "library" / f"{name}.toml") as path:
            return read_native(path)
    path = Path(name_or_path)
    if not path.is_file():
        near = get_close_matches(name, library_names(), n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"ready floors: {library_names()}"
        raise LayoutError(f"no floor file {name!r} and no ready floor of that name; {hint}")
    readers = {".map": read_movingai, ".toml": read_native}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise LayoutError(f"{path}: unknown kind of floor file; known: {', '.join(readers)}")
    try:
        return reader(path)
    except OSError as error:
        raise LayoutError(f"{path}: cannot be read: {error.strerror}") from None

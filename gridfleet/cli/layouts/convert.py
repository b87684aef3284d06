"""`gridfleet layouts convert`: floors from one format into another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.layouts.targets import check_target

if TYPE_CHECKING:
    from layouts import Layout

SUFFIXES = (".toml", ".map")
IMPORT_NOTES = {
    "MovingAI map": "terrain is kept only as floor or obstacle",
    "League map": "E and S cells became zones; tasks and agents are files of their own",
    "League problem": "only the map and the team size were taken; tasks and agents are left out",
    "Kiva JSON": "shelves became obstacles, weights became edge costs; costs of waiting left out",
    "RHCR map": "shelves became obstacles; the counts of its header are left out",
    "RHCR grid": "weights became edge costs; costs of waiting left out",
}
"""What reading a file of that format changes or leaves out."""


def convert(
    floor: Annotated[str, typer.Argument(help="Name of a ready floor, or a file to read.")],
    out: Annotated[Path, typer.Argument(help="File to write: .toml (native) or .map (MovingAI).")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Read a floor of any known format and write it as another; say what is lost.

    \b
    A MovingAI map, a Kiva or RHCR floor as a native file, to edit and to add stations:
      gridfleet layouts convert warehouse.map warehouse.toml
      gridfleet layouts convert sortation.grid sortation.toml

    \b
    A copy of a ready floor as a start for your own; a map for other programs:
      gridfleet layouts convert demo my-floor.toml
      gridfleet layouts convert large large.map
    """
    with reported():
        from layouts import load, save
        from layouts.loading import save_movingai

        check_target(out, SUFFIXES, force)
        layout = load(floor)
        write = save if out.suffix == ".toml" else save_movingai
        write(layout, out)
        print(f"floor file: {out}, {layout.n_rows} x {layout.n_cols} cells")
        for note in notes(floor, layout, out):
            print(f"note: {note}")


def notes(floor: str, layout: Layout, out: Path) -> list[str]:
    """What is different in the file that was written."""
    from layouts import library_names
    from layouts.loading import format_of
    from layouts.movingai_write import lost_in_movingai

    found = []
    if floor not in library_names():
        format_name = format_of(Path(floor))
        if format_name in IMPORT_NOTES:
            found.append(f"read as {format_name}: {IMPORT_NOTES[format_name]}")
    if out.suffix == ".map":
        found += [f"not in the map: {phrase}" for phrase in lost_in_movingai(layout)]
    return found

"""`gridfleet layouts convert`: floors from one format into another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.layouts.targets import check_target

if TYPE_CHECKING:
    from layouts import Layout

SUFFIXES = (".toml", ".map", ".json", ".csv", ".lif")
IMPORT_NOTES = {
    "MovingAI map": "terrain is kept only as floor or obstacle",
    "League map": "E and S cells became zones; tasks and agents are files of their own",
    "League problem": "only the map and the team size were taken; tasks and agents are left out",
    "Kiva JSON": "shelves became obstacles, weights became edge costs; costs of waiting left out",
    "RHCR map": "shelves became obstacles; the counts of its header are left out",
    "RHCR grid": "weights became edge costs; costs of waiting left out",
    "guidance table": "shelves became obstacles, weights became edge costs; costs of waiting left "
    "out",
}
"""What reading a file of that format changes or leaves out."""


def convert(
    floor: Annotated[str, typer.Argument(help="Name of a ready floor, or a file to read.")],
    out: Annotated[
        Path,
        typer.Argument(
            help="File to write: .toml (native), .map (MovingAI), .json (Kiva), .csv (guidance "
            "table), .lif or .lif.json (LIF)."
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Read a floor of any known format and write it as another; say what is lost.

    \b
    A MovingAI map, a RAWSim-O instance, an RHCR floor as a native file, to edit:
      gridfleet layouts convert warehouse.map warehouse.toml
      gridfleet layouts convert medium.xinst medium.toml
      gridfleet layouts convert sortation.grid sortation.toml

    \b
    A copy of a ready floor as a start for your own; files for other programs:
      gridfleet layouts convert demo my-floor.toml
      gridfleet layouts convert large large.map
      gridfleet layouts convert large large.lif.json
      gridfleet layouts convert one-way one-way.csv
    """
    with reported():
        from layouts.loading import load_noted

        check_target(out, SUFFIXES, force)
        layout, found = load_noted(floor)
        lost = _write(layout, out)
        print(f"floor file: {out}, {layout.n_rows} x {layout.n_cols} cells")
        for note in [*_import_notes(floor, found), *lost]:
            print(f"note: {note}")


def _write(layout: Layout, out: Path) -> list[str]:
    """Write the file as its name says; what it does not say of the floor."""
    from layouts import loading
    from layouts.guidance import lost_in_guidance
    from layouts.kiva_write import lost_in_kiva
    from layouts.lif_write import lost_in_lif
    from layouts.movingai_write import lost_in_movingai

    if out.suffix == ".toml":
        loading.save(layout, out)
        return []
    if out.name.endswith(loading.LIF_SUFFIXES):
        loading.save_lif(layout, out, datetime.now(UTC).replace(microsecond=0))
        return _not_in("the LIF file", lost_in_lif(layout))
    if out.suffix == ".json":
        loading.save_kiva(layout, out)
        return _not_in("the Kiva floor", lost_in_kiva(layout))
    if out.suffix == ".csv":
        loading.save_guidance(layout, out)
        return _not_in("the guidance table", lost_in_guidance(layout))
    loading.save_movingai(layout, out)
    return _not_in("the map", lost_in_movingai(layout))


def _not_in(what: str, lost: list[str]) -> list[str]:
    return [f"not in {what}: {phrase}" for phrase in lost]


def _import_notes(floor: str, found: Sequence[str]) -> list[str]:
    """What is different from the file that was read. found: what reading it said."""
    from layouts import library_names
    from layouts.loading import format_of

    if floor in library_names():
        return []
    name = format_of(Path(floor))
    phrases = [IMPORT_NOTES[name]] if name in IMPORT_NOTES else []
    return [f"read as {name}: {phrase}" for phrase in [*phrases, *found]]

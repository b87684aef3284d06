"""`gridfleet layouts generate`: floors from a few figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.layouts.targets import check_target

if TYPE_CHECKING:
    from layouts import Layout

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Make a floor from a few figures."
)
_Figures = TypeVar("_Figures")

Out = Annotated[Path, typer.Argument(help="Floor file to write, .toml.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures of the floor as JSON.")]
Name = Annotated[str | None, typer.Option(help="Name of the floor. [default: that of the file]")]
Description = Annotated[str, typer.Option(help="A sentence. [default: the figures]")]
Chargers = Annotated[int, typer.Option(help="Charging cells along sides without stations.")]
Parking = Annotated[int, typer.Option(help="Parking cells along sides without stations.")]
OneWay = Annotated[bool, typer.Option("--one-way", help="Drive lanes in one direction only.")]
CellSize = Annotated[float, typer.Option(help="Side of a cell in metres.")]
Units = Annotated[int, typer.Option(help="Recommended drive units; 0: estimate.")]
Rows = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SIDE:COUNT[:KIND[:QUEUE[:SPACING]]]", help="A row of stations; may be repeated."
    ),
]


@app.command()
def blocks(
    out: Out,
    blocks_across: Annotated[int, typer.Option(help="Blocks from west to east.")] = 4,
    blocks_down: Annotated[int, typer.Option(help="Blocks from north to south.")] = 8,
    block_width: Annotated[int, typer.Option(help="Pods of a block from west to east.")] = 6,
    block_depth: Annotated[int, typer.Option(help="Pods of a block from north to south.")] = 2,
    aisle_width: Annotated[int, typer.Option(help="Cells between rows of blocks.")] = 1,
    cross_aisle_width: Annotated[int, typer.Option(help="Cells between blocks beside.")] = 2,
    highway_width: Annotated[int, typer.Option(help="Cells in front of stations.")] = 3,
    margin_width: Annotated[int, typer.Option(help="Cells along the other sides.")] = 2,
    stations: Rows = None,
    chargers: Chargers = 0,
    parking: Parking = 0,
    one_way: OneWay = False,
    cell_size_m: CellSize = 1.0,
    units: Units = 0,
    name: Name = None,
    description: Description = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Blocks of pods with aisles between them and stations along the sides.

    A row of stations is SIDE:COUNT:KIND:QUEUE:SPACING, of which the first two are needed: side
    north, east, south or west; kind pick or stow; waiting cells of each station; cells from one
    to the next. Without --stations there are four pick stations in the south.

    \b
    The smallest call, then a look at the result:
      gridfleet layouts generate blocks hall.toml
      gridfleet layouts show hall.toml

    \b
    Ten pick stations in the south, four stow stations in the north, chargers in the west and east:
      gridfleet layouts generate blocks hall.toml --blocks-across 8 --blocks-down 12 \\
          --stations south:10 --stations north:4:stow:3 --chargers 24

    \b
    Many units: two-lane aisles, wide highways, stations on all sides:
      gridfleet layouts generate blocks big.toml --blocks-across 12 --blocks-down 24 \\
          --aisle-width 2 --highway-width 6 --stations south:16:pick:3 \\
          --stations north:16:pick:3 --stations west:8:pick:3 --stations east:8:pick:3
    """
    from layouts.generate import BlockFloor, block_floor

    figures: dict[str, Any] = {
        "blocks_across": blocks_across, "blocks_down": blocks_down, "block_width": block_width,
        "block_depth": block_depth, "aisle_width": aisle_width,
        "cross_aisle_width": cross_aisle_width, "highway_width": highway_width,
        "margin_width": margin_width, "chargers": chargers, "parking": parking,
        "one_way": one_way, "cell_size_m": cell_size_m, "recommended_units": units,
        "name": out.stem if name is None else name, "description": description,
    }  # fmt: skip
    _write(BlockFloor, block_floor, figures, stations, "pick", out, force, as_json)


@app.command()
def sortation(
    out: Out,
    chutes_across: Annotated[int, typer.Option(help="Chutes from west to east.")] = 8,
    chutes_down: Annotated[int, typer.Option(help="Chutes from north to south.")] = 6,
    street_width: Annotated[int, typer.Option(help="Cells between chutes.")] = 2,
    highway_width: Annotated[int, typer.Option(help="Cells along the sides.")] = 4,
    stations: Rows = None,
    on_lane: Annotated[
        bool, typer.Option("--on-lane", help="Drop parcels standing on the street.")
    ] = False,
    chargers: Chargers = 0,
    parking: Parking = 0,
    one_way: OneWay = False,
    cell_size_m: CellSize = 1.0,
    units: Units = 0,
    name: Name = None,
    description: Description = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Chutes with streets between them, and stations where parcels are put on units.

    A row of induct stations is SIDE:COUNT:induct:QUEUE:SPACING, of which the first two are needed.
    Without --stations there are three each in the north and the south.

    \b
    The smallest call, then a look at the result:
      gridfleet layouts generate sortation sorter.toml
      gridfleet layouts show sorter.toml

    \b
    240 chutes, one-way streets, sixteen induct stations on all sides:
      gridfleet layouts generate sortation sorter.toml --chutes-across 20 --chutes-down 12 \\
          --highway-width 6 --one-way --stations north:5 --stations south:5 \\
          --stations west:3 --stations east:3
    """
    from layouts.generate import SortationFloor, sortation_floor

    figures: dict[str, Any] = {
        "chutes_across": chutes_across, "chutes_down": chutes_down,
        "street_width": street_width, "highway_width": highway_width, "on_lane": on_lane,
        "chargers": chargers, "parking": parking, "one_way": one_way,
        "cell_size_m": cell_size_m, "recommended_units": units,
        "name": out.stem if name is None else name, "description": description,
    }  # fmt: skip
    _write(SortationFloor, sortation_floor, figures, stations, "induct", out, force, as_json)


def _write(
    figures_of: Callable[..., _Figures], make: Callable[[_Figures], Layout],
    figures: dict[str, Any], rows: list[str] | None, kind: str, out: Path, force: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Make the floor, write it and say what it is; all faults of the figures together."""
    with reported():
        from gridfleet.cli.layouts import facts
        from gridfleet.cli.layouts.station_rows import with_rows
        from layouts import save

        check_target(out, (".toml",), force)
        layout = with_rows(figures_of, make, figures, rows, kind)
        save(layout, out)
        if as_json:
            print(json.dumps(facts.details(layout), indent=2))
        else:
            print("\n".join(facts.lines(layout)))
            print(f"floor file: {out}")

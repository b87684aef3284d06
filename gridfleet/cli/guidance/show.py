"""`gridfleet guidance show`: what moves cost on a floor, in figures and as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported
from gridfleet.cli.layouts.picture_options import FiguresAsJson, NoPicture

if TYPE_CHECKING:
    from fleet_control.mapf.grid import Grid


def show(
    layout: Annotated[str, typer.Argument(help="Ready floor or a floor file.")],
    guidance: Annotated[
        str,
        typer.Option(
            help="none, lanes made from the floor, strict-lanes, gentle-lanes, or a file."
        ),
    ] = "lanes",
    out: Annotated[
        Path | None,
        typer.Option(help="Picture, .png or .svg. [default: NAME.guidance.png in this folder]"),
    ] = None,
    no_picture: NoPicture = False,
    as_json: FiguresAsJson = False,
) -> None:
    """Print what guidance does to a floor, and write a picture of it.

    \b
    Lanes as they are made from a ready floor; what a search has found:
      gridfleet guidance show demo
      gridfleet guidance show demo --guidance demo.guidance.csv --out found.svg

    Cells are the darker, the more it costs to enter them; arrows lead the way that costs less than
    the way back, bold ones where the way back is closed.
    """
    with reported():
        from fleet_control.mapf.grid import grid_of
        from fleet_control.mapf.guiding import guidance_fault, guidance_named
        from gridfleet.cli.layouts.targets import file_for
        from gridfleet.floor_picture import check_path, write_picture
        from gridfleet.guidance.errors import GuidanceError
        from gridfleet.guidance.picture import marks_of
        from layouts import load

        if fault := guidance_fault(guidance):
            raise GuidanceError(fault)
        floor = load(layout)
        picture = out
        if picture is None and not (no_picture or as_json):
            picture = file_for(floor.name, ".guidance.png")
        if picture is not None:
            check_path(picture)
        grid = grid_of(floor, guidance_named(guidance, floor))
        if picture is not None and not no_picture:
            write_picture(floor, picture, marks_of(floor, grid))
        figures = {"layout": floor.name, "guidance": guidance, **_figures(grid)}
        print(json.dumps(figures, indent=2) if as_json else _text(figures))
        if picture is not None and not as_json:
            print(f"picture: {picture}")


def _figures(grid: Grid) -> dict[str, Any]:
    from fleet_control.mapf.grid import CELL_COST

    is_move = grid.ways >= 0
    left = grid.neighbours >= 0
    costs = grid.surcharges[left] / CELL_COST
    return {
        "moves": int(is_move.sum()),
        "closed": int((is_move & ~left).sum()),
        "dearer": int((costs > 0).sum()),
        "mean_cost": round(float(costs.mean()), 3) if costs.size else 0.0,
        "dearest": float(costs.max(initial=0.0)),
    }


def _text(figures: dict[str, Any]) -> str:
    return (
        f"{figures['layout']}, guidance {figures['guidance']}: of {figures['moves']:,} moves "
        f"{figures['closed']:,} are closed and {figures['dearer']:,} cost more than a cell, "
        f"{figures['mean_cost']:g} cells more on average and {figures['dearest']:g} at most"
    )

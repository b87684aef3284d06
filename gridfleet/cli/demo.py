"""`gridfleet demo`: a shift on a ready floor, for a first look."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridfleet.cli.errors import reported

FLOOR = "demo"


def demo(
    out: Annotated[Path, typer.Option(help="Result folder.")] = Path("demo-run"),
    hours: Annotated[float, typer.Option(help="Simulated hours.")] = 6.0,
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 0,
) -> None:
    """Run a shift of made-up orders on the ready floor 'demo' and say where its report is."""
    from gridfleet.cli.running import run
    from gridfleet.scenario import Scenario
    from layouts import load

    with reported():
        scenario = Scenario(layout=FLOOR, hours=hours, seed=seed)
        floor = load(FLOOR)
        print(
            f"Simulating {hours:g} h on the ready floor {FLOOR!r}: {floor.recommended_units} drive "
            f"units, {len(floor.stations)} stations, made-up orders, seed {seed}."
        )
        run(scenario, out)
        print("The report is one page for any browser. Next: gridfleet simulate --help")

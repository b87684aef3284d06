"""Options that the commands of experiments have in common."""

from __future__ import annotations

from typing import Annotated

import typer

Hours = Annotated[
    float | None,
    typer.Option(help="Simulated hours of a run. [default: 1 for floors, or as a scenario says]"),
]
Kpi = Annotated[str, typer.Option(help="Key figure that decides.")]
Confidence = Annotated[float, typer.Option(help="Of the intervals.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the first replication.")]
Workers = Annotated[
    int, typer.Option(min=0, help="Processes; 0 for as many as there are processors.")
]
Cluster = Annotated[
    str, typer.Option(help="Address of a dask scheduler to run on, as tcp://host:8786.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]

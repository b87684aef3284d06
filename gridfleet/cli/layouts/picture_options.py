"""Options of commands that print and draw."""

from __future__ import annotations

from typing import Annotated

import typer

NoPicture = Annotated[bool, typer.Option("--no-picture", help="Only print; write nothing.")]
FiguresAsJson = Annotated[
    bool, typer.Option("--json", help="Print figures for machines; a picture only with --out.")
]

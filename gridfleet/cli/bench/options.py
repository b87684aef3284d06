"""Options that the benches share."""

from __future__ import annotations

from typing import Annotated

import typer

Guidance = Annotated[
    str,
    typer.Option(
        help="What moves cost: none, lanes (or strict-lanes, gentle-lanes), online, or a file "
        "(docs/guidance.md).",
    ),
]

"""`gridfleet check-log`: whether all messages of a wire log are right."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hw_bridge.log_check import LogReport

FAULTY, BAD_INPUT = 1, 2
SHOWN = 20


def check_log(
    log: Annotated[Path, typer.Argument(help="File that serve --wire-log has made.")],
    schemas: Annotated[
        Path | None,
        typer.Option(help="Folder of the official schemas of VDA 5050 3.0.0 to check against too."),
    ] = None,
    every: Annotated[
        int, typer.Option(min=1, help="Hold only each so-many-th message against its schema.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Check every message of a wire log: types, rules, sequences, and the official schemas.

    \b
    The log may be of a run that is under way:
      gridfleet check-log shift.jsonl.gz --schemas VDA5050/json_schemas

    Exit codes: 0 all messages are right, 1 some are not, 2 no wire log or no schemas.
    """
    report = _checked(log, schemas, every)
    if as_json:
        print(json.dumps(_figures(report), indent=2))
    else:
        _tell(log, report, schemas)
    if report.n_faults:
        raise typer.Exit(FAULTY)


def _checked(log: Path, folder: Path | None, every: int) -> LogReport:
    from hw_bridge.log_check import check_log as check
    from hw_bridge.schemas import SchemaError, Schemas
    from hw_bridge.wire_log import WireLogError

    try:
        return check(log, None if folder is None else Schemas(folder), every)
    except (WireLogError, SchemaError) as error:
        faults = str(error).splitlines()
    except OSError as error:
        faults = [f"{log}: {error.strerror or error}"]
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    raise typer.Exit(BAD_INPUT)


def _figures(report: LogReport) -> dict[str, Any]:
    return {
        "messages": report.n_messages,
        "by_topic": {f"{way} {topic}": n for (way, topic), n in sorted(report.messages.items())},
        "devices": len(report.serials),
        "runs": report.runs,
        "until_s": report.until_s,
        "is_cut": report.is_cut,
        "validated": report.validated,
        "faults": report.n_faults,
        "by_rule": dict(sorted(report.by_rule.items())),
        "first_faults": [
            {
                "line": fault.line, "at_s": fault.at_s, "way": fault.way, "serial": fault.serial,
                "topic": fault.topic, "rule": fault.rule, "text": fault.text,
            }
            for fault in report.faults
        ],
    }  # fmt: skip


def _tell(log: Path, report: LogReport, schemas: Path | None) -> None:
    print(
        f"{log}: {report.n_messages:,} messages with {len(report.serials):,} devices, "
        f"{report.until_s:,.0f} s, {report.runs} {'run' if report.runs == 1 else 'runs'}"
    )
    for (way, topic), n in sorted(report.messages.items()):
        print(f"  {way:<4} {topic:<15} {n:>10,}")
    if schemas is not None:
        print(f"{report.validated:,} of them held against the schemas of {schemas}")
    if report.is_cut:
        print("note: the last line of a run is cut off, as of one that was killed")
    if not report.n_faults:
        print("all are right")
        return
    for fault in report.faults[:SHOWN]:
        print(f"fault: {fault}")
    if report.n_faults > SHOWN:
        print(
            f"and {report.n_faults - SHOWN:,} more (--json shows the first {len(report.faults):,})"
        )
    for rule, n in report.by_rule.most_common():
        print(f"  {rule:<20} {n:>10,}")

"""`gridfleet serve` in this process."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from gridfleet.cli.main import app

runner = CliRunner()
PLAIN = ("--insecure-plaintext", "--robots", "3", "--patience", "0", "--control", "")


def serve(folder: Path, *more: str) -> tuple[int, str, str]:
    """A fleet of nobody, for a second or two. Exit code, stdout, stderr."""
    base = ("serve", "--bind", "tcp://127.0.0.1:*", "--journal", str(folder / "fleet.journal"),
            "--log", str(folder / "fleet.log"))  # fmt: skip
    found = runner.invoke(app, [*base, *more])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.stdout, found.stderr

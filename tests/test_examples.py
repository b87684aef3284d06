"""Examples are executed, and the one in the README is the one in the folder."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_ten_lines(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "ten_lines.py"))
    assert "lines an hour, 0 contacts" in capsys.readouterr().out


def test_the_readme_shows_the_example() -> None:
    example = (ROOT / "examples" / "ten_lines.py").read_text(encoding="utf-8")
    code = example.split('"""', 2)[2].strip()
    assert code in (ROOT / "README.md").read_text(encoding="utf-8")

"""The page of a comparison in a real Chromium: it shows, fits, and asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from test_report_browser import OVERFLOW, SIZES, browser, pytestmark, watched
from typer.testing import CliRunner

from gridfleet.cli.main import app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser", "pytestmark"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a comparison of two fleets, whose second one waits more."""
    folder = tmp_path_factory.mktemp("fleets")
    names = []
    for robots in (2, 4):
        names.append(folder / f"{robots}-units-with-a-rather-long-name.toml")
        scenario = f'layout = "teaching"\nrobots = {robots}\nhours = 0.06\n'
        names[-1].write_text(scenario, encoding="utf-8")
    arguments = ["compare", *map(str, names), "--pilots", "3", "--most", "3", "--workers", "1"]
    result = CliRunner().invoke(app, [*arguments, "--quiet", "--out", str(folder / "out")])
    assert result.exit_code == 0, result.output
    return (folder / "out" / "report.html").as_uri()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with watched(browser, address) as page:
        yield page


@pytest.mark.parametrize("width", [1200, 400])
def test_the_comparison_fits(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate(OVERFLOW) <= 0
    sizes = page.evaluate(SIZES)
    assert {"svg", "DIV", "TABLE"} <= {tag for tag, _, _ in sizes}
    assert all(w > 30 and h > 8 for _, w, h in sizes), sizes


def test_the_first_screen_has_the_verdict(page: Page) -> None:
    box = page.locator(".verdict").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 900
    assert "lines an hour" in page.locator(".verdict").inner_text()

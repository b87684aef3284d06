"""The report page in a real Chromium: it shows, fits any width, and asks nobody for anything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import report_runs as runs

from gridfleet.demand import DemandSummary
from gridfleet.kpis import kpis
from gridfleet.report import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DEMAND = DemandSummary("made-up orders", 9, 3, 7, 2, 8, 2, 4, 1.5)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-quic", "--no-first-run",
]  # fmt: skip
PATIENCE_MS = 20_000
KINDS = {
    "picking": runs.picking, "sorting": runs.sorting, "errands": runs.errands,
    "troubled": runs.troubled,
}  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (apt-get install chromium)"),
]

SIZES = """() => [...document.querySelectorAll('svg, image, .bar, table')]
    .filter(e => !e.closest('details:not([open])'))
    .map(e => [e.tagName, e.getBoundingClientRect().width, e.getBoundingClientRect().height])"""
TOPS = """() => [...document.querySelectorAll('h1, h2')]
    .map(e => [e.textContent, e.getBoundingClientRect().top + scrollY])"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
BARS = """() => [...document.querySelectorAll('#faults svg path')]
    .filter(e => ['#8c2d2d', '#e5b9b9'].some(colour => (e.getAttribute('style') || '')
        .includes('fill: ' + colour)))
    .map(e => e.getBoundingClientRect()).filter(box => box.width > 0)
    .map(box => [box.width, box.height])"""
SPILLS = "() => [...document.querySelectorAll('.bar i')].map(e => e.scrollWidth - e.clientWidth)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE_MS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    paths = {}
    for kind, make in KINDS.items():
        record, folder = replace(make(), demand=DEMAND), tmp_path_factory.mktemp(kind)
        scenario = f'layout = "{record.layout.name}"\nseed = 3\n# {"long " * 60}\n'
        paths[kind] = write_report(folder, record, kpis(record), scenario)
    return paths


@pytest.fixture(params=KINDS)
def page(
    request: pytest.FixtureRequest, browser: Browser, files: dict[str, Path]
) -> Iterator[Page]:
    """The report of a kind of run."""
    with watched(browser, files[request.param].as_uri()) as page:
        yield page


@contextmanager
def watched(browser: Browser, address: str) -> Iterator[Page]:
    """The page at 1,200 pixels. It must leave no error and no request behind."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    told: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(address)
    yield page
    page.close()
    assert told == []
    assert [url for url in asked if not url.startswith("data:")] == [address]


@pytest.mark.parametrize("width", [1200, 400])
def test_everything_has_a_size_and_fits(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate(OVERFLOW) <= 0
    sizes = page.evaluate(SIZES)
    assert {"svg", "image", "DIV", "TABLE"} <= {tag for tag, _, _ in sizes}
    assert all(w > 30 and h > 8 for _, w, h in sizes), sizes
    assert max(page.evaluate(SPILLS)) <= 0, "a share is too wide for its part of the bar"


def test_sections_follow_in_order(page: Page) -> None:
    tops = page.evaluate(TOPS)
    names = [name for name, _ in tops]
    assert names[1] == "Throughput over time"
    assert names[-4:] == ["Waiting for others", "What to know", "All figures", "Scenario"]
    heights = [top for name, top in tops if name not in ("Traffic", "Waiting for others")]
    assert heights == sorted(heights)


def test_the_first_screen_tells_the_result(page: Page) -> None:
    for chosen in (".verdict", ".regime", ".cards"):
        box = page.locator(chosen).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900


def test_the_scenario_opens(page: Page) -> None:
    text = page.locator("#scenario pre")
    assert not text.is_visible()
    page.locator("#scenario summary").click()
    assert text.is_visible()
    assert "seed = 3" in text.inner_text()
    assert page.evaluate(OVERFLOW) <= 0


def test_pictures_have_their_pixels(page: Page) -> None:
    """The maps are decoded images, one pixel for each cell of the floor."""
    sizes = page.evaluate(
        """async () => Promise.all([...document.querySelectorAll('.map image')].map(async e => {
            const picture = new Image(); picture.src = e.href.baseVal; await picture.decode();
            return [picture.naturalWidth == e.width.baseVal.value, picture.naturalWidth > 5]
        }))"""
    )
    assert sizes == [[True, True]] * 2


@pytest.mark.parametrize("width", [1200, 400])
def test_faults_are_drawn_below_throughput_and_listed(
    browser: Browser, files: dict[str, Path], width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(files["troubled"].as_uri())
    section = page.locator("#faults")
    assert section.locator("svg text", has_text="link-noise").is_visible()
    assert section.locator("svg text", has_text="without").is_visible()
    kinds, faults = section.locator("table").all()
    assert kinds.locator("tbody tr").count() == 4
    assert faults.locator("tbody tr").count() == 5
    assert "0:08:00" in faults.locator("tbody tr").nth(1).inner_text()
    marks = page.evaluate(BARS)
    assert len(marks) >= 5, "five faults"
    assert all(width > 1 and height > 3 for width, height in marks), marks
    names = page.evaluate(TOPS)
    order = [
        name for name, _ in names if name in ("Where drive unit time went", "What faults cost")
    ]
    assert order == ["Where drive unit time went", "What faults cost"]
    page.close()


def test_on_paper_nothing_is_folded_away(page: Page) -> None:
    page.emulate_media(media="print")
    box = page.locator("#scenario pre").bounding_box()
    assert box is not None
    assert box["height"] > 30


def test_a_listener_hears_what_pictures_show(page: Page) -> None:
    names = page.evaluate(
        """() => [...document.querySelectorAll('[role=img], [role=region]')]
            .map(e => e.getAttribute('aria-label'))"""
    )
    assert len(names) > 4
    assert all(name and len(name) > 8 for name in names)
    assert any("waiting" in name and "%" in name for name in names)

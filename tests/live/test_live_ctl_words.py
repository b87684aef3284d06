"""What operators write on the command line, before anybody is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridfleet.cli.ctl.areas import cells_of
from gridfleet.cli.ctl.orders import _read
from gridfleet.cli.main import app
from gridfleet.live.requests import RequestError

CSV = """order_id,placed_at,sku,quantity
A,2011-11-15T08:00:00,RED,2
A,2011-11-15T08:00:00,BLUE,1
B,2011-11-15T08:10:00,RED,4
"""


def test_cells_are_single_ones_and_rectangles() -> None:
    assert cells_of(["4,3"]) == [(4, 3)]
    assert cells_of(["2,5:1,4", "1,4"]) == [(1, 4), (1, 5), (2, 4), (2, 5)]
    with pytest.raises(RequestError, match=r"'4' is no cell.*\n'a,b' is no cell.*\n'1,1:2,2:3,3'"):
        cells_of(["4", "a,b", "1,1:2,2:3,3"])


def test_orders_of_a_file_keep_the_time_they_have(tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text(CSV)
    orders = _read(path, "plain", None, "", None, None)
    assert [(order["name"], order["due_in_s"]) for order in orders] == [
        ("A", 4 * 3600.0), ("B", 4 * 3600.0),
    ]  # fmt: skip
    assert orders[0]["lines"] == [{"sku": "RED", "quantity": 2}, {"sku": "BLUE", "quantity": 1}]
    assert [order["due_in_s"] for order in _read(path, "plain", None, "", None, 0.5)] == [
        1800.0
    ] * 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("order", "RED"), "'RED' is no line; write SKU:UNITS"),
        (("orders", "add", "nowhere.csv"), "nowhere.csv"),
        (("block", "x"), "'x' is no cell"),
        (("status", "--keys", "nowhere"), "nowhere"),
        (("status", "--connect", "nowhere", "--timeout", "0.1"), "give one such as"),
        (
            ("status", "--connect", "tcp://127.0.0.1:9", "--timeout", "0.1"),
            "no answer within 0.1 s",
        ),
    ],
)
def test_what_cannot_be_asked_is_told(words: tuple[str, ...], told: str) -> None:
    found = CliRunner().invoke(app, ["ctl", *words])
    assert found.exit_code == 2, found.stderr
    assert told in found.stderr

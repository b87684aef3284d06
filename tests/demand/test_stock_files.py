"""Stock files: what they become on pods, and every fault with its place and cure."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from gridfleet.demand import DemandError, OrderFile, Placement, place_stock, read_orders, read_stock
from layouts import Layout, load

ORDERS = "order_id,placed_at,sku,quantity\nA,2024-01-01 08:00,X,2\nB,2024-01-01 08:01,Y,9\n"


@pytest.fixture(scope="module")
def floor() -> Layout:
    return load("teaching")


def write(tmp_path: Path, text: str, name: str = "stock.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_a_sku_add_up(tmp_path: Path) -> None:
    stock = read_stock(write(tmp_path, "units,sku\n5,Y\n7,X\n1,Y\n0,Z\n"))
    assert stock.sku_names == ("Y", "X", "Z")
    assert stock.units.tolist() == [6, 7, 0]
    assert stock.pods is None


def test_rows_of_a_sku_on_a_pod_add_up(tmp_path: Path) -> None:
    stock = read_stock(write(tmp_path, "pod,sku,units\nP2,X,1\nP1,X,2\nP2,X,3\nP2,Y,4\n"))
    assert stock.pods is not None
    rows = zip(stock.pods.tolist(), stock.skus.tolist(), stock.units.tolist(), strict=True)
    assert sorted(rows) == [(0, 0, 4), (0, 1, 4), (1, 0, 2)]
    assert stock.pod_names == ("P2", "P1")


def test_parquet_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "stock.parquet"
    with duckdb.connect() as connection:
        query = "select * from (values ('X', 3), ('Y', 4)) as rows(sku, units)"
        connection.execute(f"copy ({query}) to '{path}' (format parquet)")
    assert read_stock(path).units.tolist() == [3, 4]


def test_stock_is_spread_over_pods_and_nothing_is_lost(tmp_path: Path, floor: Layout) -> None:
    stock = read_stock(write(tmp_path, "sku,units\nX,100\nY,5\nZ,3\n"))
    book, _ = read_orders(OrderFile(write(tmp_path, ORDERS, "o.csv")), stock)
    assert book.sku_names == ("X", "Y", "Z")
    plan = place_stock(floor, book, Placement(), 0, stock)
    units = np.bincount(plan.stock_skus, plan.stock_units, minlength=3)
    assert units.tolist() == [100, 5, 3]
    plan.inventory().check()


def test_named_pods_hold_what_the_file_says(tmp_path: Path, floor: Layout) -> None:
    stock = read_stock(write(tmp_path, "sku,units,pod\nX,100,A\nY,5,B\nX,3,B\n"))
    book, _ = read_orders(OrderFile(write(tmp_path, ORDERS, "o.csv")), stock)
    inventory = place_stock(floor, book, Placement(), 0, stock).inventory()
    assert [dict(inventory.skus_on(pod)) for pod in range(2)] == [{0: 100}, {1: 5, 0: 3}]


def test_more_pods_than_storage(tmp_path: Path, floor: Layout) -> None:
    rows = "".join(f"X,1,P{i}\n" for i in range(181))
    stock = read_stock(write(tmp_path, "sku,units,pod\n" + rows))
    book, _ = read_orders(OrderFile(write(tmp_path, ORDERS.replace("Y", "X"), "o.csv")), stock)
    with pytest.raises(DemandError, match=r"names 181 pods; the floor has 180 storage cells"):
        place_stock(floor, book, Placement(), 0, stock)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty; it needs a header and a row for each entry"),
        ("sku,units\n", "has a header but no rows"),
        ("sku,unit\nX,1\n", 'stock.csv has no column "units"; did you mean "unit"?'),
        ("sku,units\nX,1.5\n", 'row 2, column units: "1.5" is not a whole number'),
        ("sku,units\nX,-1\n", 'row 2, column units: "-1" is negative; write what is there'),
        ("sku,units\nX,99999999\n", "is beyond 10,000,000 units"),
        ("sku,units\n,1\n", 'row 2, column sku: "" is missing'),
        ("sku,units,pod\nX,1,\n", 'row 2, column pod: "" is missing; name the pod'),
        ("sku,units\nX,1,2\n", "has more than the 2 fields of the header"),
    ],
)
def test_faults_name_the_place_and_the_cure(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(DemandError) as caught:
        read_stock(write(tmp_path, text))
    assert fault in str(caught.value)


def test_all_faults_come_together(tmp_path: Path) -> None:
    with pytest.raises(DemandError) as caught:
        read_stock(write(tmp_path, "sku,units\nX,-1\n,2\nZ,x\n"))
    assert caught.value.n_faults == 3


def test_orders_for_unknown_goods_are_faults(tmp_path: Path) -> None:
    stock = read_stock(write(tmp_path, "sku,units\nX,100\n"))
    with pytest.raises(DemandError) as caught:
        read_orders(OrderFile(write(tmp_path, ORDERS, "o.csv")), stock)
    assert str(caught.value) == (
        'o.csv, row 3, column sku: "Y" is not in the stock file stock.csv; add it there, with 0 '
        "units if there are none, or remove the line"
    )

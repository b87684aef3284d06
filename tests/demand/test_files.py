"""Order files: every good line counted, every bad one named with its place and cure."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from gridfleet.demand import DemandError, OrderColumns, OrderFile, read_orders
from gridfleet.demand.summary import ADJUSTMENT, OUTSIDE, SERVICE

HEADER = "order_id,placed_at,sku,quantity"
RETAIL = "order_id,placed_at,sku,quantity,unit_price"


def write(folder: Path, *lines: str, header: str = HEADER, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def faults_of(source: OrderFile) -> list[str]:
    with pytest.raises(DemandError) as caught:
        read_orders(source)
    return str(caught.value).splitlines()


def test_reads_orders_by_time_and_lines_by_place(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "B,2011-11-14 09:00:00,pen,2",
        "A,2011-11-14 08:00:00,ink,1",
        "B,2011-11-14 09:00:00,ink,3",
        "A,2011-11-14 08:01:00,pen,4",
    )
    book, summary = read_orders(OrderFile(path, due_hours=2.0))
    assert book.order_names == ("A", "B")
    assert book.placed_s.tolist() == [0.0, 3600.0]
    assert book.due_s.tolist() == [7200.0, 10800.0]
    assert book.sku_names == ("ink", "pen")
    assert book.line_order.tolist() == [0, 0, 1, 1]
    assert book.line_sku.tolist() == [0, 1, 1, 0]
    assert book.line_quantity.tolist() == [1, 4, 2, 3]
    assert (summary.n_read, summary.n_picks, summary.n_units_picked) == (4, 4, 10)


def test_due_times_are_the_earliest_stated(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "A,2011-11-14 08:00:00,ink,1,2011-11-14 10:00:00",
        "A,2011-11-14 08:00:00,pen,1,2011-11-14 09:00:00",
        "B,2011-11-14 08:00:00,pen,1,",
        header=f"{HEADER},due_at",
    )
    book, _ = read_orders(OrderFile(path))
    assert book.due_s.tolist() == [3600.0, 4 * 3600.0]


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    path = write(tmp_path, "7;A;2011-11-14 08:00;x", header='qty;no;"when ""placed""";item')
    columns = OrderColumns(order_id="no", placed_at='when "placed"', sku="item", quantity="qty")
    book, _ = read_orders(OrderFile(path, columns=columns))
    assert book.line_quantity.tolist() == [7]


def test_parquet_gives_the_same_as_csv(tmp_path: Path) -> None:
    lines = [f"O{i % 50},2011-11-14 08:{i % 50:02}:00,S{i % 7},{1 + i % 3}" for i in range(300)]
    csv = write(tmp_path, *lines)
    parquet = tmp_path / "orders.parquet"
    with duckdb.connect() as connection:
        connection.read_csv(str(csv)).write_parquet(str(parquet))
    (a, _), (b, _) = read_orders(OrderFile(csv)), read_orders(OrderFile(parquet))
    assert a.order_names == b.order_names
    assert np.array_equal(a.placed_s, b.placed_s)
    assert np.array_equal(a.line_sku, b.line_sku)
    assert np.array_equal(a.line_quantity, b.line_quantity)


@pytest.mark.parametrize(
    ("start", "hours", "names", "first_s", "n_outside"),
    [
        ("", None, ("A", "B", "C"), 0.0, 0),
        ("", 1.0, ("A",), 0.0, 2),
        ("2011-11-14 08:30:00", None, ("B", "C"), 1800.0, 1),
        ("2011-11-14T08:30:00", 1.0, ("B",), 1800.0, 2),
        ("2011-11-14 10:30:00+01:00", None, ("C",), 1800.0, 2),
    ],
)
def test_window_selects_orders(
    tmp_path: Path, start: str, hours: float | None, names: tuple[str, ...], first_s: float,
    n_outside: int,
) -> None:  # fmt: skip
    times = {"A": "08:00:00", "B": "09:00:00", "C": "10:00:00"}
    lines = [f"{name},2011-11-14 {time},x,1" for name, time in times.items()]
    path = write(tmp_path, *lines)
    book, summary = read_orders(OrderFile(path, start=start, hours=hours))
    assert book.order_names == names
    assert book.placed_s[0] == first_s
    assert summary.set_aside.get(OUTSIDE, 0) == n_outside


def test_retail_lines_are_told_apart(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "536365,2011-11-14 08:00:00,85123A,6,2.55",
        "536365,2011-11-14 08:00:00,POST,1,18.00",
        "536365,2011-11-14 08:00:00,DCGSSGIRL,2,3.29",
        "C536379,2011-11-14 09:00:00,22633,-2,1.85",
        "C536379,2011-11-14 09:00:00,D,-1,27.50",
        "536589,2011-11-14 10:00:00,21777,-10,0.0",
        "536590,2011-11-14 11:00:00,21778,-3,1.0",
        header=RETAIL,
    )
    book, summary = read_orders(OrderFile(path, preset="online-retail"))
    assert book.order_names == ("536365", "C536379", "536590")
    assert book.line_quantity.tolist() == [6, 2, -2, -3]
    assert summary.set_aside == {SERVICE: 2, ADJUSTMENT: 1}
    assert summary.service_codes == {"POST": 1, "D": 1}
    assert summary.n_read == summary.n_picks + summary.n_returns + 3
    assert any("stock adjustment: 1 line." in told for told in summary.sentences())


def test_what_is_outside_the_window_is_only_that(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "1,2011-11-14 07:00:00,POST,1,18.00",
        "2,2011-11-14 08:00:00,85123A,6,2.55",
        "2,2011-11-14 08:00:00,POST,1,18.00",
        "3,2011-11-14 10:00:00,POST,1,18.00",
        header=RETAIL,
    )
    book, summary = read_orders(OrderFile(path, preset="online-retail", hours=1.0))
    assert book.order_names == ("2",)
    assert summary.set_aside == {OUTSIDE: 2, SERVICE: 1}
    assert summary.service_codes == {"POST": 1}


def test_week_of_a_real_retailer_is_conserved() -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / "online_retail_week.csv"
    if not path.is_file():
        pytest.skip(f"order data not present at {path.parent}")
    book, summary = read_orders(OrderFile(path, preset="online-retail"))
    assert summary.n_read == 21_112
    assert summary.set_aside == {SERVICE: 103, ADJUSTMENT: 46}
    assert (summary.n_picks, summary.n_returns, summary.n_orders) == (20_725, 238, 827)
    assert summary.n_picks + summary.n_returns + 103 + 46 == summary.n_read
    assert book.line_quantity[book.line_quantity > 0].sum() == summary.n_units_picked == 187_189
    returns = [name.startswith("C") for name in book.order_names]
    assert np.array_equal(np.array(returns)[book.line_order], book.line_quantity < 0)
    with duckdb.connect() as connection:
        units = connection.execute(
            "select sum(quantity) from read_csv(?) where quantity > 0 "
            "and regexp_matches(sku, '^([0-9]{5}|DCGS)')", [str(path)],
        ).fetchone()  # fmt: skip
    assert units == (summary.n_units_picked,)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("A,yesterday,x,1", 'column placed_at: "yesterday" is not a date and time; write it as'),
        ("A,14/11/2011,x,1", 'column placed_at: "14/11/2011" is not a date and time'),
        ("A,infinity,x,1", 'column placed_at: "infinity" is not a date and time'),
        ("A,,x,1", 'column placed_at: "" is not a date and time'),
        (",2011-11-14 08:00:00,x,1", 'column order_id: "" is missing'),
        ("A,2011-11-14 08:00:00,,1", 'column sku: "" is missing'),
        ("A,2011-11-14 08:00:00,x,", 'column quantity: "" is not a whole number'),
        ("A,2011-11-14 08:00:00,x,3.5", 'column quantity: "3.5" is not a whole number'),
        ("A,2011-11-14 08:00:00,x,inf", 'column quantity: "inf" is not a whole number'),
        ("A,2011-11-14 08:00:00,x,nan", 'column quantity: "nan" is not a whole number'),
        ("A,2011-11-14 08:00:00,x,many", 'column quantity: "many" is not a whole number'),
        ("A,2011-11-14 08:00:00,x,0", 'column quantity: "0" orders nothing'),
        ("A,2011-11-14 08:00:00,x,-2", 'column quantity: "-2" is negative; remove the line, or'),
        ("A,2011-11-14 08:00:00,x,100001", '"100001" is beyond 100,000 units'),
    ],
)
def test_bad_field_is_named_with_place_and_cure(tmp_path: Path, line: str, said: str) -> None:
    path = write(tmp_path, "A,2011-11-14 08:00:00,x,1", line)
    told = faults_of(OrderFile(path))
    assert told[0].startswith("orders.csv, row 3, column ")
    assert any(said in fault for fault in told)
    assert all("; " in fault for fault in told)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("C1,2011-11-14 08:00:00,22633,2,1.0", '"2" is no return; in an order whose id begins'),
        ("1,2011-11-14 08:00:00,22633,2,dear", 'column unit_price: "dear" is not a number'),
    ],
)
def test_bad_retail_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = write(tmp_path, line, header=RETAIL)
    assert said in faults_of(OrderFile(path, preset="online-retail"))[0]


def test_due_before_placed_is_a_fault(tmp_path: Path) -> None:
    header = f"{HEADER},due_at"
    path = write(
        tmp_path,
        "A,2011-11-14 08:00:00,x,1,2011-11-14 07:00:00",
        "A,2011-11-14 08:00:00,x,1,soon",
        header=header,
    )
    told = faults_of(OrderFile(path))
    assert '"2011-11-14 07:00:00" is before the order was placed' in told[0]
    assert '"soon" is not a date and time' in told[1]


def test_all_faults_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "A,never,x,1", "A,2011-11-14 08:00:00,x,x", ",2011-11-14,x,1")
    assert [fault.split(":")[0] for fault in faults_of(OrderFile(path))] == [
        "orders.csv, row 2, column placed_at",
        "orders.csv, row 3, column quantity",
        "orders.csv, row 4, column order_id",
    ]


def test_many_faults_are_counted_not_listed(tmp_path: Path) -> None:
    path = write(tmp_path, *["A,never,x,1.5"] * 100)
    told = faults_of(OrderFile(path))
    assert len(told) == 21
    assert told[-1] == "and 180 more faults"
    assert told[19].startswith("orders.csv, row 11, ")


def test_missing_columns_name_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, "A,2011-11-14,x,1", header="order,placed_at,sku,quantitty")
    assert faults_of(OrderFile(path)) == [
        'orders.csv has no column "order_id"; did you mean "order"?',
        'orders.csv has no column "quantity"; did you mean "quantitty"?',
        "columns of orders.csv: order, placed_at, sku, quantitty",
    ]


def test_retail_needs_prices(tmp_path: Path) -> None:
    path = write(tmp_path, "A,2011-11-14,x,1")
    assert 'no column "unit_price"' in faults_of(OrderFile(path, preset="online-retail"))[0]


def test_file_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, "A,2011-11-14,x,1")
    assert 'did you mean "orders.csv"?' in faults_of(OrderFile(tmp_path / "order.csv"))[0]
    assert "no folder" in faults_of(OrderFile(tmp_path / "nowhere" / "order.csv"))[0]
    assert "is a folder" in faults_of(OrderFile(tmp_path))[0]


def test_file_of_unknown_kind(tmp_path: Path) -> None:
    path = write(tmp_path, name="orders.xlsx")
    assert "neither .csv nor .parquet" in faults_of(OrderFile(path))[0]


def test_empty_files(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("")
    assert "is empty" in faults_of(OrderFile(path))[0]
    path.write_text(HEADER + "\n")
    assert "has a header but no lines" in faults_of(OrderFile(path))[0]


def test_unreadable_files(tmp_path: Path) -> None:
    parquet = tmp_path / "orders.parquet"
    parquet.write_bytes(b"not parquet at all")
    assert "orders.parquet cannot be read (" in faults_of(OrderFile(parquet))[0]
    latin = tmp_path / "orders.csv"
    latin.write_bytes(f"{HEADER}\nA,2011-11-14 08:00:00,caf\xe9,1\n".encode("latin-1"))
    assert faults_of(OrderFile(latin)) == ["orders.csv, line 2: not UTF-8; save the file in UTF-8"]
    latin.write_bytes("order_id,größe\n".encode("latin-1"))
    assert "the header is not UTF-8" in faults_of(OrderFile(latin))[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("A,2011-11-14 08:00:00,x,1,200", "has more than the 4 fields of the header; put quotes"),
        ("A,2011-11-14 08:00:00", "has fewer than the 4 fields of the header; add them"),
        ('A,2011-11-14 08:00:00,"x,1', "cannot be read (unquoted value); check its quotes"),
    ],
)
def test_lines_that_do_not_fit_the_header(tmp_path: Path, line: str, said: str) -> None:
    told = faults_of(OrderFile(write(tmp_path, "A,2011-11-14 08:00:00,x,1", line)))
    assert told[0].startswith("orders.csv, line 3: ")
    assert said in told[0]


def test_headers_that_cannot_be_used(tmp_path: Path) -> None:
    path = write(tmp_path, header=f"{HEADER},quantity")
    assert faults_of(OrderFile(path)) == [
        'orders.csv has two columns called "quantity"; rename one'
    ]
    path = write(tmp_path, header="")
    assert "begins with a blank line" in faults_of(OrderFile(path))[0]


def test_unknown_preset_names_the_nearest(tmp_path: Path) -> None:
    said = faults_of(OrderFile(write(tmp_path), preset="online_retail"))
    assert 'did you mean "online-retail"?' in said[0]


def test_bad_window_is_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "A,2011-11-14 08:00:00,x,1")
    source = OrderFile(path, start="monday", hours=0.0, due_hours=float("nan"))
    told = faults_of(source)
    assert len(told) == 3
    assert told[2].startswith('start "monday" is not a date and time')


def test_window_without_orders_says_when_there_are_some(tmp_path: Path) -> None:
    path = write(tmp_path, "A,2011-11-14 08:00:00,x,1", "B,2011-11-14 09:00:00,x,1")
    told = faults_of(OrderFile(path, start="2012-01-01", hours=2))
    assert "its orders are from 2011-11-14 08:00:00 to 2011-11-14 09:00:00" in told[0]


def test_file_of_services_only(tmp_path: Path) -> None:
    path = write(tmp_path, "1,2011-11-14 08:00:00,POST,1,4.0", header=RETAIL)
    told = faults_of(OrderFile(path, preset="online-retail"))
    assert "has no line to pick or stow: 1 are services and 0 stock adjustments" in told[0]

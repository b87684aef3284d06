"""The log of the wire, and what `gridfleet check-log` finds in it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner
from vda_samples import SCHEMAS, full_messages, node, order, schema_folder, state

from gridfleet.cli.main import app
from hw_bridge.log_check import LogReport, check_log
from hw_bridge.schemas import Schemas
from hw_bridge.vda5050.base import encode
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire_log import Entry, Way, WireLog, WireLogError, read

runner = CliRunner()
DOWN_TOPICS = (Topic.ORDER, Topic.INSTANT_ACTIONS, Topic.ZONE_SET, Topic.RESPONSES)


def written(path: Path, *entries: tuple[Way, str, Link, bytes], at_s: float = 1.0) -> Path:
    with WireLog(path) as log:
        for index, (way, topic, link, payload) in enumerate(entries):
            log.note(at_s + index, way, "U0001", topic, link, payload)
    return path


def rules(report: LogReport) -> dict[str, int]:
    return dict(report.by_rule)


def good_entries() -> list[tuple[Way, str, Link, bytes]]:
    """All topics; the order first, since the state is about it."""
    entries = [(Way.DOWN, "hello", Link(epoch=5, seq=1), b"")]
    for seq, (topic, message) in enumerate(full_messages().items(), start=2):
        way = Way.DOWN if topic in DOWN_TOPICS else Way.UP
        entries.append((way, topic, Link(epoch=5, session=1, seq=seq), encode(message)))
    job = b'{"jobs":[{"number":1,"job":1,"line":1,"quantity":1}]}'
    return [*entries, (Way.DOWN, "job", Link(epoch=5, seq=99), job)]


@pytest.mark.parametrize("name", ["wire.jsonl", "wire.jsonl.gz"])
def test_what_is_logged_is_read_again(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, *good_entries())
    entries = [entry for _, entry in read(path) if isinstance(entry, Entry)]
    assert [(e.way, e.topic, e.link, bytes(e.payload)) for e in entries] == [
        (way, topic, link, payload or b"null") for way, topic, link, payload in good_entries()
    ]
    assert [entry.at_s for entry in entries[:2]] == [1.0, 2.0]


def test_a_good_log_has_no_faults(tmp_path: Path) -> None:
    report = check_log(written(tmp_path / "a.jsonl", *good_entries()), Schemas(schema_folder()))
    assert report.faults == []
    assert report.n_messages == len(good_entries())
    assert report.validated == len(full_messages())
    assert report.serials == {"U0001"}


def test_each_kind_of_fault_is_told(tmp_path: Path) -> None:
    link = Link(epoch=5)
    path = written(
        tmp_path / "a.jsonl",
        (Way.DOWN, "order", link, encode(replace(order(), nodes=(node(0), node(4))))),
        (Way.UP, "state", link, b"\xff\x00 no JSON"),
        (Way.UP, "state", link, b"{}"),
        (Way.UP, "state", Link(seq=1), encode(replace(state(), serial_number="U2"))),
        (Way.UP, "orders", link, b"{}"),
        (Way.UP, "hello", link, b"{}"),
        (Way.UP, "terminal", link, b'{"jobs":"x"}'),
    )
    with path.open("ab") as file:
        file.write(b"what is this\n")
    report = check_log(path)
    assert rules(report) == {
        "edge-count": 1, "contiguous": 1, "decode": 4, "serial": 1, "topic": 1,
        "line": 1,
    }  # fmt: skip
    assert str(report.faults[0]) == (
        "line 2, 1.000 s, down, U0001, order: edges: 2 for 2 nodes; one less than nodes "
        "[edge-count]"
    )


def test_schemas_are_asked_where_they_are_given(tmp_path: Path) -> None:
    content = json.loads(encode(state()))
    content["zoneRequests"][0]["requestStatus"] = "QUEUED"
    path = written(tmp_path / "a.jsonl", (Way.UP, "state", Link(), json.dumps(content).encode()))
    assert check_log(path).n_faults == 0
    (fault,) = check_log(path, Schemas(schema_folder())).faults
    assert fault.rule == "schema"
    assert fault.text.startswith("zoneRequests[0].requestStatus: 'QUEUED' is not one of")


def test_some_only_can_be_held_against_the_schemas(tmp_path: Path) -> None:
    states = [
        (Way.UP, "state", Link(session=1, seq=n), encode(replace(state(), header_id=n)))
        for n in range(1, 11)
    ]
    report = check_log(written(tmp_path / "a.jsonl", *states), Schemas(schema_folder()), every=3)
    assert (report.n_messages, report.validated, report.n_faults) == (10, 3, 0)


def test_a_second_run_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    written(path, *good_entries())
    again = replace(order(2, 2, 2, 1), header_id=0)
    written(path, (Way.DOWN, "order", Link(epoch=6), encode(again)))
    report = check_log(path)
    assert (report.runs, report.n_faults) == (2, 0)


def test_a_run_goes_on_behind_a_line_that_was_cut_off(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *good_entries())
    path.write_bytes(path.read_bytes()[:-30])
    written(path, *good_entries())
    report = check_log(path)
    assert (report.runs, report.n_faults, report.is_cut) == (2, 0, True)
    assert report.n_messages == 2 * len(good_entries()) - 1


def test_each_run_has_a_compressed_file_of_its_own(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "a.2.jsonl.gz", "a.3.jsonl.gz"):
        with WireLog(tmp_path / "a.jsonl.gz") as log:
            assert log.path.name == name
        assert check_log(log.path).runs == 1


def test_what_a_killed_run_has_not_logged_is_no_fault(tmp_path: Path) -> None:
    """An update was sent, and its line was lost; the next controller goes on from it."""
    path = tmp_path / "a.jsonl"
    written(path, (Way.DOWN, "order", Link(epoch=5), encode(order())))
    told = encode(replace(state(), order_update_id=1, last_node_sequence_id=0))
    onward = encode(replace(order(2, 2, 4, 2), header_id=0))
    written(
        path,
        (Way.UP, "state", Link(epoch=6, session=1, seq=9), told),
        (Way.DOWN, "order", Link(epoch=6, session=1), onward),
    )
    assert check_log(path).faults == []
    path.unlink()
    written(
        path,
        (Way.DOWN, "order", Link(epoch=5), encode(order())),
        (Way.UP, "state", Link(epoch=5, session=1, seq=9), told),
    )
    assert rules(check_log(path)) == {"unknown-update": 1}


@pytest.mark.parametrize("name", ["wire.jsonl", "wire.jsonl.gz"])
def test_a_log_may_be_cut_off(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, *good_entries())
    path.write_bytes(path.read_bytes()[:-60])
    report = check_log(path)
    assert report.n_faults == 0
    assert report.n_messages < len(good_entries())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"time,way\n", "no wire log"),
        (b'{"log":"gridfleet wire log","version":9}\n', "of version 9"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(WireLogError, match=message):
        check_log(path)


def test_pretty_payloads_become_one_line(tmp_path: Path) -> None:
    pretty = msgspec.json.format(encode(order()), indent=2)
    path = written(tmp_path / "a.jsonl", (Way.DOWN, "order", Link(), pretty))
    assert path.read_bytes().count(b"\n") == 2
    assert check_log(path).n_faults == 0


def test_a_log_can_be_checked_while_it_grows(tmp_path: Path) -> None:
    log = WireLog(tmp_path / "a.jsonl")
    log.note(0.5, Way.DOWN, "U0001", "hello", Link(), b"")
    log.note(2.0, Way.DOWN, "U0001", "hello", Link(), b"")
    assert check_log(tmp_path / "a.jsonl").n_messages == 2
    log.close()


# As a command.


def test_the_command_says_what_it_found(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *good_entries())
    result = runner.invoke(app, ["check-log", str(path), "--schemas", str(schema_folder())])
    assert result.exit_code == 0, result.output
    assert "all are right" in result.output
    assert f"{len(full_messages())} of them held against the schemas" in result.output


def test_faults_give_exit_code_1(tmp_path: Path) -> None:
    bad = [(Way.UP, "state", Link(), b"{}")] * 30
    path = written(tmp_path / "a.jsonl", *bad)
    result = runner.invoke(app, ["check-log", str(path)])
    assert result.exit_code == 1
    assert result.output.count("fault: ") == 20
    assert "and 10 more" in result.output
    figures = json.loads(runner.invoke(app, ["check-log", str(path), "--json"]).stdout)
    assert (figures["faults"], figures["by_rule"]) == (30, {"decode": 30})
    assert figures["first_faults"][0]["line"] == 2


def test_bad_input_gives_exit_code_2(tmp_path: Path) -> None:
    result = runner.invoke(app, ["check-log", str(tmp_path / "none.jsonl")])
    assert (result.exit_code, "No such file" in result.stderr) == (2, True)
    broken = tmp_path / "a.jsonl.gz"
    broken.write_bytes(b"no gzip")
    assert runner.invoke(app, ["check-log", str(broken)]).exit_code == 2
    path = written(tmp_path / "b.jsonl", *good_entries())
    result = runner.invoke(app, ["check-log", str(path), "--schemas", str(tmp_path)])
    assert result.exit_code == 2
    assert result.stderr.count("is not there") == len(full_messages())


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    written(path, *good_entries())
    with gzip.open(path, "rb") as file:
        assert len(file.readlines()) == len(good_entries()) + 1
    damaged = bytearray(path.read_bytes())
    damaged[-40] ^= 0xFF
    path.write_bytes(bytes(damaged))
    with pytest.raises(WireLogError):
        check_log(path)


def test_the_schemas_are_where_the_tests_expect_them() -> None:
    assert SCHEMAS.name == "vda5050"

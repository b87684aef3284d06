"""Result folders: refused before the run or replaced as a whole, and the same bytes every time."""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray

from fleet_control.events import EventKind, EventLog
from gridfleet.run_folder import (
    EVENTS,
    KPIS,
    REPORT,
    SCENARIO,
    RunFolderError,
    default_folder,
    prepare,
    replacing,
    reserved,
    write_events,
    write_kpis,
    write_text,
)

Columns = dict[str, NDArray[np.generic]]
ALL = (SCENARIO, KPIS, EVENTS, REPORT)


def make_columns(n_rows: int, seed: int = 0) -> Columns:
    rng = np.random.default_rng(seed)
    columns: Columns = {
        "time_s": np.sort(rng.uniform(0, 3e4, n_rows)),
        "kind": rng.integers(0, len(EventKind), n_rows).astype(np.int8),
    }
    for name in ("unit", "task", "pod", "station", "order", "line", "cell"):
        columns[name] = rng.integers(-1, 5000, n_rows).astype(np.int32)
    columns["value"] = rng.random(n_rows)
    return columns


def put_run(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ALL:
        (folder / name).write_text(text)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert not list(folder.iterdir())


def test_an_empty_folder_and_a_run_are_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    prepare(tmp_path / "empty")
    put_run(tmp_path / "run", "old")
    prepare(tmp_path / "run")
    assert texts(tmp_path / "run") == dict.fromkeys(ALL, "old")


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunFolderError, match="is not the result of a run; choose another folder"):
        prepare(tmp_path)
    assert texts(tmp_path) == {"thesis.txt": "mine"}


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(RunFolderError, match="is a file; choose"):
        prepare(tmp_path / "run")
    with pytest.raises(RunFolderError, match="cannot be written: Not a directory"):
        prepare(tmp_path / "run" / "deeper")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, where nobody can write")
def test_an_unwritable_place_is_refused() -> None:
    with pytest.raises(RunFolderError, match="/proc/gridfleet cannot be written"):
        prepare(Path("/proc/gridfleet"))
    with pytest.raises(RunFolderError, match="is not the result of a run"):
        prepare(Path("/proc"))


def test_a_failed_run_leaves_no_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), reserved(tmp_path / "run"):
        raise ValueError("broken")
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine").mkdir()
    with pytest.raises(ValueError, match="broken"), reserved(tmp_path / "mine"):
        raise ValueError("broken")
    assert (tmp_path / "mine").is_dir()


def test_a_new_run_replaces_all_of_the_old_one(tmp_path: Path) -> None:
    put_run(tmp_path, "old")
    (tmp_path / "notes.txt").write_text("mine")
    with replacing(tmp_path) as staged:
        for name in (SCENARIO, KPIS, EVENTS):
            (staged / name).write_text("new")
        assert {name: (tmp_path / name).read_text() for name in ALL} == dict.fromkeys(ALL, "old")
    assert texts(tmp_path) == {
        **dict.fromkeys((SCENARIO, KPIS, EVENTS), "new"),
        "notes.txt": "mine",
    }


@pytest.mark.parametrize("fault", [ValueError("broken"), KeyboardInterrupt()])
def test_a_failure_while_writing_leaves_the_old_run(tmp_path: Path, fault: BaseException) -> None:
    put_run(tmp_path, "old")
    with pytest.raises(type(fault)), replacing(tmp_path) as staged:  # noqa: PT012
        (staged / SCENARIO).write_text("new")
        raise fault
    assert texts(tmp_path) == dict.fromkeys(ALL, "old")


def test_no_room_is_a_clear_error(tmp_path: Path) -> None:
    put_run(tmp_path, "old")
    with pytest.raises(RunFolderError, match=r"No space left on device; make room"):  # noqa: SIM117
        with replacing(tmp_path):
            raise OSError(28, "No space left on device")
    assert texts(tmp_path) == dict.fromkeys(ALL, "old")


@pytest.mark.parametrize("stops_at", range(5))
def test_a_stop_at_any_moment_mixes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops_at: int
) -> None:
    """Whichever rename is the last that happens, the files left are of one run."""
    put_run(tmp_path, "old")
    real = os.replace
    done: list[Path] = []

    def replace_until(source: Path, target: Path) -> None:
        if len(done) == stops_at:
            raise KeyboardInterrupt
        done.append(target)
        real(source, target)

    with pytest.raises(KeyboardInterrupt), replacing(tmp_path) as staged:  # noqa: PT012
        put_run(staged, "new")
        monkeypatch.setattr(os, "replace", replace_until)
        if stops_at == 4:
            raise KeyboardInterrupt
    left = texts(tmp_path)
    assert len(set(left.values())) == 1, left
    assert (KPIS in left) == (stops_at == 4), "kpis.json says that a folder is complete"
    prepare(tmp_path)


def test_what_a_killed_writing_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".new-abc").mkdir()
    prepare(tmp_path)


def test_a_link_to_a_folder_and_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_run(tmp_path / "real", "old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path / "real")
    for folder in (tmp_path / "link", Path(".")):
        with replacing(prepare(folder)) as staged:
            put_run(staged, f"new in {folder}")
        assert texts(tmp_path / "real") == dict.fromkeys(ALL, f"new in {folder}")
    assert (tmp_path / "link").is_symlink()


def test_the_same_events_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_events(tmp_path / name, make_columns(300_000, seed=7))
    first, second = ((tmp_path / name / EVENTS).read_bytes() for name in ("a", "b"))
    assert first == second


@pytest.mark.parametrize("n_rows", [0, 1, 5_000])
def test_events_come_back_as_they_were(tmp_path: Path, n_rows: int) -> None:
    folder = tmp_path / "it's a run"
    folder.mkdir()
    columns = make_columns(n_rows)
    write_events(folder, columns)
    with duckdb.connect() as connection:
        back = connection.read_parquet(str(folder / EVENTS)).fetchnumpy()
    assert list(back) == list(columns)
    names = np.array([kind.name.lower() for kind in EventKind], dtype=object)
    columns["kind"] = names[columns["kind"]]
    for name, column in columns.items():
        assert np.asarray(back[name]).dtype == column.dtype
        np.testing.assert_array_equal(back[name], column)


def test_the_columns_are_those_of_the_log(tmp_path: Path) -> None:
    log = EventLog()
    log.add(1.5, EventKind.LINE_DONE, order=3, station=1, value=2.0)
    write_events(tmp_path, log.columns())
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(tmp_path / EVENTS))
        assert len(relation.columns) == 10
        assert relation.fetchall() == [(1.5, "line_done", -1, -1, -1, 1, 3, -1, -1, 2.0)]


def test_events_that_cannot_be_written_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"events\.parquet cannot be written"):
        write_events(tmp_path / "nowhere", make_columns(3))


def test_kpis_are_plain_json(tmp_path: Path) -> None:
    write_kpis(tmp_path, {"lines_per_hour": 3.5, "notes": []})
    assert json.loads((tmp_path / KPIS).read_text()) == {"lines_per_hour": 3.5, "notes": []}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_kpis(tmp_path, {"lines_per_hour": float("nan")})


def test_text_is_written_in_one_piece(tmp_path: Path) -> None:
    write_text(tmp_path, REPORT, "é")
    assert texts(tmp_path) == {REPORT: "é"}


@pytest.mark.parametrize(
    ("layout", "folder"), [("teaching", "runs/teaching-3"), ("/a/b.c/floor.map", "runs/floor-3")]
)
def test_the_default_folder(layout: str, folder: str) -> None:
    assert default_folder(layout, 3) == Path(folder)

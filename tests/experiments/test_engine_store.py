"""Finished jobs as files: found again, never mistaken for others, and torn ones as if not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridfleet.experiments.engine import Store, StoreError
from gridfleet.experiments.engine.program import PACKAGES, code_digest, program


def test_a_result_is_found_again(tmp_path: Path) -> None:
    Store(tmp_path / "kept", "1").put("A seed 3", b"job", b"result")
    store = Store(tmp_path / "kept", "1")
    assert store.get("A seed 3", b"job") == b"result"
    (kept,) = store.kept()
    assert (kept.key, kept.n_bytes) == ("A_seed_3", 6)
    assert store.strangers() == []


@pytest.mark.parametrize(
    ("program", "key", "job"), [("2", "A", b"job"), ("1", "B", b"job"), ("1", "A", b"other")]
)
def test_another_job_or_program_is_not_reused(
    tmp_path: Path, program: str, key: str, job: bytes
) -> None:
    Store(tmp_path, "1").put("A", b"job", b"result")
    assert Store(tmp_path, program).get(key, job) is None


def test_an_empty_result_is_a_result(tmp_path: Path) -> None:
    store = Store(tmp_path, "1")
    store.put("A", b"job", b"")
    assert store.get("A", b"job") == b""


def test_a_result_is_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path, "1")
    store.put("A", b"job", b"one")
    store.put("A", b"job", b"two")
    assert store.get("A", b"job") == b"two"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("n_bytes", [0, 10, 30, 55])
def test_a_torn_file_is_as_if_not_there_and_is_named(tmp_path: Path, n_bytes: int) -> None:
    store = Store(tmp_path, "1")
    store.put("A", b"job", b"a long result")
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:n_bytes])
    assert store.get("A", b"job") is None
    assert store.kept() == []
    assert store.strangers() == [path]


def test_foreign_files_are_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "x.0123456789abcdef.result").write_bytes(b"mine too")
    store = Store(tmp_path, "1")
    store.put("A", b"job", b"result")
    assert [path.name for path in store.strangers()] == ["notes.txt", "x.0123456789abcdef.result"]
    assert len(store.kept()) == 1


@pytest.mark.parametrize("key", ["../../etc/x", "", ".", "A/B:C*?", "ü" * 300, "k" * 300])
def test_any_key_is_a_name_of_a_file_in_the_folder(tmp_path: Path, key: str) -> None:
    store = Store(tmp_path / "kept", "1")
    store.put(key, b"job", b"result")
    assert store.get(key, b"job") == b"result"
    assert len(list((tmp_path / "kept").iterdir())) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "kept"]


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose another folder"):
        Store(tmp_path / "file", "1")
    with pytest.raises(StoreError, match="choose another folder"):
        Store(tmp_path / "file" / "below", "1")


def test_no_room_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    store = Store(tmp_path, "1")
    monkeypatch.setattr("gridfleet.experiments.engine.store.os.replace", no_room)
    with pytest.raises(StoreError, match="No space left on device; make room"):
        store.put("A", b"job", b"result")
    assert list(tmp_path.iterdir()) == []


def test_without_a_program_it_is_the_one_that_runs(tmp_path: Path) -> None:
    Store(tmp_path).put("A", b"job", b"result")
    assert Store(tmp_path).get("A", b"job") == b"result"
    assert Store(tmp_path, str(program())).get("A", b"job") == b"result"
    assert Store(tmp_path, "1").get("A", b"job") is None


def test_the_program_is_known_by_its_code_and_libraries() -> None:
    assert len(code_digest()) == 16
    assert Store.__module__.split(".")[0] in PACKAGES
    ours = program()
    assert ours.differences(ours) == []
    other = type(ours)("0", {**ours.versions, "numpy": "1.0"})
    assert ours.differences(other) == [
        f"numpy 1.0 instead of {ours.versions['numpy']}", "other code of gridfleet",
    ]  # fmt: skip

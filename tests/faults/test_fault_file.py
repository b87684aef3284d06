"""Fault files: what they mean, and everything that can be wrong with them."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from gridfleet.fault_file import FaultFileError, read_faults
from gridfleet.fault_tables import NEEDED_AND_MORE
from layouts import CellKind, Layout, load, open_layout
from twin.faults import Fault, FaultKind, FaultSchedule, KillPoint, Where

ROOT = Path(__file__).resolve().parents[2]
K = FaultKind


def hall(**more) -> Layout:
    kinds = np.full((4, 6), CellKind.FLOOR, dtype=np.int8)
    kinds[3, 5] = CellKind.OBSTACLE
    return open_layout("hall", kinds, **more)


def read(tmp_path: Path, text: str, layout: Layout | None = None) -> FaultSchedule:
    path = tmp_path / "faults.toml"
    path.write_text(text, encoding="utf-8")
    return read_faults(path, layout or hall(), 5, 2.0)


def wrong(tmp_path: Path, text: str, layout: Layout | None = None) -> list[str]:
    with pytest.raises(FaultFileError) as caught:
        read(tmp_path, text, layout)
    lines = str(caught.value).split("\n")
    start = f"{tmp_path / 'faults.toml'}: "
    assert all(line.startswith(start) for line in lines)
    return [line.removeprefix(start) for line in lines]


def entry(*lines: str) -> str:
    return "\n".join(["[[fault]]", *lines, ""])


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (['kind = "stop"', "unit = 4", 'at = "0:10:00"', "minutes = 2"],
         Fault(K.STOP, 600.0, 120.0, unit=4)),
        (['kind = "stop"', "unit = 0", "at = 90", "minutes = 0.5"],
         Fault(K.STOP, 90.0, 30.0, unit=0)),
        (['kind = "slow"', "unit = 0", 'at = "1:02:03.5"', "minutes = 1", "factor = 0.3"],
         Fault(K.SLOW, 3723.5, 60.0, unit=0, factor=0.3)),
        (['kind = "die"', "unit = 1", "at = 1"], Fault(K.DIE, 1.0, math.inf, unit=1)),
        (['kind = "die"', "unit = 1", "at = 1", "minutes = 2", 'where = "under-pod"',
          "removed = true", "back_minutes = 3"],
         Fault(K.DIE, 1.0, 120.0, unit=1, where=Where.UNDER_POD, is_removed=True, back_s=180.0)),
        (['kind = "reboot"', "unit = 1", "at = 1", 'where = "mid-edge"'],
         Fault(K.REBOOT, 1.0, 30.0, unit=1, where=Where.MID_EDGE)),
        (['kind = "reboot"', "unit = 1", "at = 1", "seconds = 5"],
         Fault(K.REBOOT, 1.0, 5.0, unit=1)),
        (['kind = "lift-fails"', "unit = 1", "at = 1", "times = 3"],
         Fault(K.LIFT_FAILS, 1.0, unit=1, times=3)),
        (['kind = "block-cell"', "cell = [2, 3]", "at = 1", "minutes = 1"],
         Fault(K.BLOCK_CELL, 1.0, 60.0, cells=(8,))),
        (['kind = "link-down"', "at = 1", "minutes = 1"], Fault(K.LINK_DOWN, 1.0, 60.0)),
        (['kind = "link-noise"', "loss = 0.5", "duplicate = 1", "delay_s = 2", "reorder = 0"],
         Fault(K.LINK_NOISE, 0.0, loss=0.5, duplicate=1.0, delay_s=2.0)),
        (['kind = "kill-controller"', "at = 5", 'point = "before-journal"'],
         Fault(K.KILL_CONTROLLER, 5.0, 10.0, point=KillPoint.BEFORE_JOURNAL)),
        (['kind = "close-area"', "at = 5", "minutes = 1", "cells = [[1, 1], [4, 6]]",
          "margin = 0", "speed_m_s = 0.5"],
         Fault(K.CLOSE_AREA, 5.0, 60.0, cells=(0, 23), name="fault 1", speed_m_s=0.5, margin=0)),
        (['kind = "close-area"', "at = 5", "minutes = 1", 'zone = "north"'],
         Fault(K.CLOSE_AREA, 5.0, 60.0, cells=(0, 1), name="north")),
        (['kind = "pause-all"', "at = 5", "minutes = 1"], Fault(K.PAUSE_ALL, 5.0, 60.0)),
    ],
)  # fmt: skip
def test_what_an_entry_means(tmp_path, lines, fault) -> None:
    [found] = read(tmp_path, entry(*lines), hall(zones={"north": (0, 1)})).faults
    assert found == fault


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['kind = "stopp"', "at = 1"], "fault 1.kind is 'stopp'; did you mean 'stop'?"),
        (["at = 1"], "the key 'fault 1.kind' is missing"),
        (['kind = "stop"', "unit = 1", "at = 1", "minuts = 1", "minutes = 1"],
         "unknown key 'fault 1.minuts'; did you mean 'fault 1.minutes'?"),
        (['kind = "stop"', "unit = 1", "at = 1"], "fault 1: stop needs the key 'minutes'"),
        (['kind = "stop"', "unit = 1", "at = 1", "minutes = 1", "factor = 0.5"],
         "fault 1: stop takes no key 'factor'; it takes at, unit, minutes"),
        (['kind = "stop"', "unit = 5", "at = 1", "minutes = 1"],
         "fault 1.unit is 5; this run has units 0 to 4"),
        (['kind = "stop"', "unit = -1", "at = 1", "minutes = 1"],
         "fault 1.unit is -1; this run has units 0 to 4"),
        (['kind = "stop"', 'unit = "one"', "at = 1", "minutes = 1"],
         "fault 1.unit is 'one'; expected a whole number, got text in quotes"),
        (['kind = "stop"', "unit = 1", 'at = "2:00:00"', "minutes = 1"],
         "fault 1.at is 2:00:00, and the run lasts from 0:00:00 to 2:00:00; give a time within it, "
         "or make the run longer"),
        (['kind = "stop"', "unit = 1", "at = -5", "minutes = 1"],
         "fault 1.at is -5 s, and the run lasts from 0:00:00 to 2:00:00; give a time within it, "
         "or make the run longer"),
        (['kind = "stop"', "unit = 1", 'at = "10 min"', "minutes = 1"],
         "fault 1.at is '10 min'; write \"h:mm:ss\" like \"0:05:30\", or a number of seconds"),
        (['kind = "stop"', "unit = 1", "at = nan", "minutes = 1"],
         "fault 1.at is nan s, and the run lasts from 0:00:00 to 2:00:00; give a time within it, "
         "or make the run longer"),
        (['kind = "stop"', "unit = 1", "at = 1", "minutes = 0"],
         "fault 1.minutes is 0; give more than 0"),
        (['kind = "stop"', "unit = 1", "at = 1", "minutes = inf"],
         "fault 1.minutes is inf; give more than 0"),
        (['kind = "slow"', "unit = 1", "at = 1", "minutes = 1", "factor = 1.5"],
         "fault 1.factor is 1.5; give a share of the speed between 0 and 1"),
        (['kind = "lift-fails"', "unit = 1", "at = 1", "times = 0"],
         "fault 1.times is 0; give 1 to 127"),
        (['kind = "link-noise"', "loss = 1.5"],
         "fault 1.loss is 1.5; give a share of messages between 0 and 1"),
        (['kind = "die"', "unit = 1", "at = 1", 'where = "midedge"'],
         "fault 1.where is 'midedge'; did you mean 'mid-edge'?"),
        (['kind = "die"', "unit = 1", "at = 1", "minutes = 1", "back_minutes = 1"],
         "fault 1: back_minutes is for units that are taken off; write removed = true"),
        (['kind = "die"', "unit = 1", "at = 1", "removed = true"],
         "fault 1: say in minutes when the unit is taken off"),
        (['kind = "kill-controller"', "at = 1", 'point = "aftersend"'],
         "fault 1.point is 'aftersend'; did you mean 'after-send'?"),
        (['kind = "block-cell"', "cell = [5, 1]", "at = 1", "minutes = 1"],
         "fault 1.cell has row 5, column 1, off the floor: hall has rows 1 to 4 and columns 1 to "
         "6"),
        (['kind = "block-cell"', "cell = [0, 1]", "at = 1", "minutes = 1"],
         "fault 1.cell has row 0, column 1, off the floor: hall has rows 1 to 4 and columns 1 to "
         "6"),
        (['kind = "block-cell"', "cell = [4, 6]", "at = 1", "minutes = 1"],
         "fault 1.cell is row 4, column 6, a cell of kind obstacle, where no unit drives; name "
         "another"),
        (['kind = "close-area"', "at = 1", "minutes = 1"],
         "fault 1: an area is either a zone or cells; give one of them"),
        (['kind = "close-area"', "at = 1", "minutes = 1", "cells = []"],
         "fault 1.cells is empty; name at least one cell"),
        (['kind = "close-area"', "at = 1", "minutes = 1", 'zone = "nort"'],
         "fault 1.zone is 'nort', no zone of hall; did you mean 'north'?"),
    ],
)  # fmt: skip
def test_what_can_be_wrong_with_an_entry(tmp_path, lines, message) -> None:
    assert wrong(tmp_path, entry(*lines), hall(zones={"north": (0, 1)})) == [message]


def test_everything_wrong_comes_at_once(tmp_path) -> None:
    text = (
        'fautl = 1\n[random]\nfaults_per_hour = -1\nkinds = ["dye"]\nseed = -2\n'
        + entry('kind = "stop"', "unit = 9", 'at = "3:00:00"', "minutes = -1")
        + entry('kind = "stop"', "unit = 1", "at = 1", "minutes = 1")
        + entry('kind = "link-down"', "minutes = 1", 'zone = "x"')
    )
    assert wrong(tmp_path, text) == [
        "unknown key 'fautl'; did you mean 'fault'?",
        "fault 1.minutes is -1; give more than 0",
        "fault 1.at is 3:00:00, and the run lasts from 0:00:00 to 2:00:00; give a time within it, "
        "or make the run longer",
        "fault 1.unit is 9; this run has units 0 to 4",
        "fault 3: link-down takes no key 'zone'; it takes at, unit, minutes",
        "fault 3: link-down needs the key 'at'",
        "random.faults_per_hour is -1; give 0 or more",
        "random.seed is -2; give 0 or more",
        "random.kinds has 'dye'; did you mean 'die'?",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fault = 3", "fault is no list of tables; begin each entry with [[fault]]"),
        ("[fault]\nkind = 3", "fault is no list of tables; begin each entry with [[fault]]"),
        ("random = 3", "random is 3; it is a table: write [random] and its keys below"),
        ("[[fault]", "not readable as TOML: "),
        ("[random]\nseeds = 3", "unknown key 'random.seeds'; did you mean 'random.seed'?"),
    ],
)
def test_a_file_that_is_none(tmp_path, text, message) -> None:
    assert wrong(tmp_path, text)[0].startswith(message)


def test_a_file_that_cannot_be_read(tmp_path) -> None:
    with pytest.raises(FaultFileError, match=r"none\.toml: cannot be read: No such file"):
        read_faults(tmp_path / "none.toml", hall(), 5, 2.0)
    (tmp_path / "faults.toml").write_bytes(b"\xff")
    with pytest.raises(FaultFileError, match="not UTF-8"):
        read_faults(tmp_path / "faults.toml", hall(), 5, 2.0)


def test_a_floor_without_zones_says_so(tmp_path) -> None:
    text = entry('kind = "close-area"', "at = 1", "minutes = 1", 'zone = "A"')
    assert wrong(tmp_path, text) == [
        "fault 1.zone is 'A', no zone of hall; list its cells instead: it has none"
    ]


def test_random_faults_come_besides_those_written_down(tmp_path) -> None:
    text = '[random]\nfaults_per_hour = 60\nkinds = ["stop", "die"]\nseed = 3\n'
    drawn = read(tmp_path, text).faults
    assert 80 < len(drawn) < 160
    assert {fault.kind for fault in drawn} == {K.STOP, K.DIE}
    written = entry('kind = "stop"', "unit = 1", "at = 3600", "minutes = 1")
    both = read(tmp_path, text + written).faults
    assert len(both) == len(drawn) + 1
    assert [fault.at_s for fault in both] == sorted(fault.at_s for fault in both)
    assert not read(tmp_path, "").faults


def test_replications_have_random_faults_of_their_own(tmp_path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('[random]\nfaults_per_hour = 60\nkinds = ["stop"]\n', encoding="utf-8")
    first, again, other = (read_faults(path, hall(), 5, 2.0, seed).faults for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_the_example_has_every_kind_and_fits_its_floor() -> None:
    layout = load("demo")
    schedule = read_faults(ROOT / "examples/faults.toml", layout, layout.recommended_units, 2.0)
    assert {fault.kind for fault in schedule.faults} == set(K)
    assert {fault.where for fault in schedule.faults} == set(Where)
    assert 20 <= len(schedule.faults) <= 40
    assert schedule.needs_link
    assert schedule.kills


def test_the_document_has_every_kind_with_its_keys() -> None:
    text = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    lines = [line.split("|")[1:4] for line in text.split("\n") if line.startswith("| `")]
    rows = {kind.strip(" `"): keys + more for kind, keys, more in lines}
    assert set(rows) == set(K)
    for kind, (needed, more) in NEEDED_AND_MORE.items():
        assert set(re.findall(r"`(\w+)`", rows[kind])) == needed | more, kind

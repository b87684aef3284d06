"""MovingAI scenarios: what is read, and one clear message for each fault."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from layouts import LayoutError, open_layout
from layouts.movingai_scen import read_scen

LAYOUT = open_layout("hall", np.array([[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 1]], dtype=np.int8))
FIRST, SECOND = "3\thall.map\t4\t3\t0\t0\t3\t2\t5.4", "1\thall.map\t4\t3\t3\t1\t0\t1\t3"


def scen(tmp_path: Path, *lines: str, head: str = "version 1") -> Path:
    path = tmp_path / "hall.scen"
    path.write_text("\n".join([head, *lines, ""]))
    return path


def test_columns_come_before_rows(tmp_path: Path) -> None:
    pairs = read_scen(scen(tmp_path, FIRST, SECOND), LAYOUT, "hall.map")
    assert pairs.starts.tolist() == [0, 7]
    assert pairs.goals.tolist() == [11, 4]
    assert pairs.starts.dtype == pairs.goals.dtype == np.int32


def test_the_first_agents_are_taken(tmp_path: Path) -> None:
    path = scen(tmp_path, FIRST, SECOND)
    assert read_scen(path, LAYOUT, "maps/hall.map", 1).starts.tolist() == [0]


@pytest.mark.parametrize(
    ("lines", "head", "told"),
    [
        ([FIRST], "map", "its first line must be 'version 1'"),
        ([FIRST], "version 2", "line 1 is 'version 2'; only 'version 1' is known"),
        ([], "version 1", "no agents; expected a line for each"),
        ([FIRST[:-4]], "version 1", "line 2 has 8 fields; expected 9"),
        ([FIRST.replace("hall", "hell")], "version 1", "of map 'hell.map', not of 'hall.map'"),
        ([FIRST.replace("\t4\t3", "\t5\t3")], "version 1", "of a map of 5 x 3, but 'hall.map'"),
        ([FIRST.replace("\t0\t0", "\t-1\t0")], "version 1", "must be whole numbers"),
        ([FIRST.replace("\t0\t0", "\t4\t0")], "version 1", "start (4,0) is outside the map"),
        ([FIRST.replace("\t0\t0", "\t1\t1")], "version 1", "start (1,1) is on an obstacle"),
        ([FIRST.replace("\t3\t2", "\t1\t1")], "version 1", "goal (1,1) is on an obstacle"),
        ([FIRST, FIRST.replace("\t3\t2", "\t3\t1")], "version 1", "2 and 3 have the same start"),
        ([FIRST, FIRST.replace("\t0\t0", "\t0\t1")], "version 1", "2 and 3 have the same goal"),
    ],
)  # fmt: skip
def test_faults(tmp_path: Path, lines: list[str], head: str, told: str) -> None:
    with pytest.raises(LayoutError) as caught:
        read_scen(scen(tmp_path, *lines, head=head), LAYOUT, "hall.map")
    assert told in str(caught.value)
    assert "hall.scen" in str(caught.value)
    assert len(caught.value.faults) == 1


def test_more_agents_than_lines(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="2 agents, 3 are asked for; use --agents 2 or"):
        read_scen(scen(tmp_path, FIRST, SECOND), LAYOUT, "hall.map", 3)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=r"none\.scen"):
        read_scen(tmp_path / "none.scen", LAYOUT, "hall.map")

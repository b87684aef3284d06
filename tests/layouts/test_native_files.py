"""Drawn floors: what is read, and every fault of a file at once with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from layouts import CellKind, LayoutError, StationKind, library_names, load

FLOOR = """
format = 1
name = "small"
map = '''
.....
.PP..
.....
q.###
S.###
'''
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "floor.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_drawn_floor(tmp_path: Path) -> None:
    floor = load(write(tmp_path, FLOOR))
    assert (floor.n_rows, floor.n_cols) == (5, 5)
    assert len(floor.cells_of(CellKind.STORAGE)) == 2
    station = floor.stations[0]
    assert station.kind is StationKind.PICK
    assert station.queue == (floor.cell(3, 0),)
    front = station.queue[0]
    assert floor.neighbours[front].tolist() == [-1, -1, -1, station.cell]
    assert floor.neighbours[station.cell].tolist() == [floor.cell(4, 1), -1, -1, -1]


def test_all_faults_are_listed_with_their_places(tmp_path: Path) -> None:
    text = FLOOR.replace(".PP..", ".PP.").replace("q.###", "q?###")
    with pytest.raises(LayoutError) as caught:
        load(write(tmp_path, text))
    assert len(caught.value.faults) == 2
    assert "row 2 has 4 cells" in caught.value.faults[0]
    assert "row 4, column 2" in caught.value.faults[1]


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="'cell_size_m'"):
        load(write(tmp_path, "cell_size = 1.0\n" + FLOOR))


def test_storage_without_a_station(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="no station"):
        load(write(tmp_path, FLOOR.replace("S.###", "..###").replace("q.", "..")))


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(LayoutError, match="'teaching'"):
        load("teachin")


@pytest.mark.parametrize("name", library_names())
def test_ready_floors_load(name: str) -> None:
    floor = load(name)
    assert floor.recommended_units > 0
    assert floor.stations

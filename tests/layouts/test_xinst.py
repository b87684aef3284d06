"""Instances of RAWSim-O: what waypoints become, grids that are not quite regular, and refusals."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from xinst_samples import FLOOR, instance

from layouts import Heading, Layout, LayoutError, StationKind, load, save
from layouts.imported import Imported
from layouts.lint import Severity, lint
from layouts.loading import format_of, load_noted


def read(folder: Path, text: str, name: str = "drawn.xinst") -> Imported:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_noted(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(LayoutError) as caught:
        read(folder, text)
    assert all(fault.startswith(str(folder)) for fault in caught.value.faults)
    return "\n".join(caught.value.faults)


def drawn(floor: Layout) -> list[str]:
    chars = np.array(list("#.PSqCKH"))[floor.kinds].reshape(floor.n_rows, floor.n_cols)
    return ["".join(row) for row in chars]


def test_waypoints_become_cells_and_paths_moves(tmp_path: Path) -> None:
    floor, notes = read(tmp_path, instance())
    assert drawn(floor) == [
        ".......####",
        ".PP.PP.qq##",
        ".PP.PP.#qq#",
        "........ .S#".replace(" ", ""),
    ]
    assert (floor.name, floor.cell_size_m, floor.recommended_units) == ("drawn", 1.0, 1)
    station = floor.stations[0]
    assert (station.name, station.kind) == ("out-0", StationKind.PICK)
    assert station.queue == tuple(floor.cell(*p) for p in ((2, 9), (2, 8), (1, 8), (1, 7)))
    assert floor.exits[station.cell].tolist() == [False, False, True, False]
    exit_lane = floor.cell(3, 7)
    assert floor.exits[exit_lane].tolist() == [False, False, True, False]
    assert any("1 bot became the recommended units, 1 pod for 8 storage cells" in n for n in notes)
    assert any("MaxVelocity 1.5" in n for n in notes)
    assert any("ItemTransferTime 10" in n for n in notes)


def test_the_floor_can_be_worked_on_and_written(tmp_path: Path) -> None:
    floor = read(tmp_path, instance()).layout
    assert not [finding for finding in lint(floor) if finding.severity is Severity.FAULT]
    save(floor, tmp_path / "again.toml")
    again = load(tmp_path / "again.toml")
    assert (again.exits == floor.exits).all()
    assert again.stations == floor.stations


def test_older_files_list_queues_as_plain_numbers(tmp_path: Path) -> None:
    new, old = (read(tmp_path, instance(old_queues=is_old)).layout for is_old in (False, True))
    assert new.stations == old.stations
    assert (new.exits == old.exits).all()


SERPENTINE = [
    "I>........",
    "ab.PP.PP..",
    "dc.PP.PP..",
    "ef........",
]
"""As instances have it: a queue two cells wide, with ways in at every turn."""


def test_a_serpentine_queue_with_ways_in_at_every_turn(tmp_path: Path) -> None:
    text = instance(
        SERPENTINE, pitch=(1.0571, 1.1022), old_queues=True,
        extra_paths=[((1, 2), (1, 1)), ((2, 2), (2, 1))],
    )  # fmt: skip
    floor, notes = read(tmp_path, text)
    places = [(1, 0), (1, 1), (2, 1), (2, 0), (3, 0), (3, 1)]
    assert floor.stations[0].queue == tuple(floor.cell(row, col) for row, col in places)
    assert any("2 paths within queues or into their middle closed" in note for note in notes)
    assert not [finding for finding in lint(floor) if finding.severity is Severity.FAULT]
    save(floor, tmp_path / "again.toml")
    again = load(tmp_path / "again.toml")
    assert again.stations == floor.stations
    assert (again.exits == floor.exits).all()


def test_input_stations_stow(tmp_path: Path) -> None:
    rows = [text.replace("O", "I") for text in FLOOR]
    station = read(tmp_path, instance(rows)).layout.stations[0]
    assert (station.name, station.kind) == ("in-0", StationKind.STOW)


def test_shortcuts_in_queues_are_closed_and_said(tmp_path: Path) -> None:
    # From the aisle in the west and from the exit lane into b, which is not the back.
    text = instance(extra_paths=[((2, 6), (2, 8)), ((3, 8), (2, 8))])
    floor, notes = read(tmp_path, text)
    assert any("within queues or into their middle closed" in note for note in notes)
    inner = floor.cell(2, 8)
    assert not floor.exits[floor.cell(3, 8), Heading.NORTH]
    assert inner in floor.stations[0].queue
    assert any("1 cell that longer paths lead over became floor" in note for note in notes)


def test_a_queue_ends_where_it_can_be_entered(tmp_path: Path) -> None:
    rows = [*FLOOR[:1], ".PP.PP.<c  ", *FLOOR[2:]]
    text = instance(rows, extra_paths=[((0, 6), (0, 6))])
    # Nobody leads to c, so it and b, which only c leads to, are no queue.
    floor, notes = read(tmp_path, text)
    assert floor.stations[0].queue == ()
    assert any("3 waypoints of the queue of output station 0 became floor" in n for n in notes)


SEED_PITCHES = np.random.default_rng(11).uniform(0.4, 3.0, size=6).round(4).tolist()


@pytest.mark.parametrize("pitch", SEED_PITCHES)
def test_any_pitch_is_found_and_small_errors_are_taken(pitch: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(int(pitch * 10_000))
    plain = read(tmp_path, instance()).layout
    noise = rng.uniform(-0.08, 0.08, size=(20, 20, 2)) * pitch
    text = instance(pitch=(pitch, pitch), shift=lambda row, col: tuple(noise[row, col]))
    floor = read(tmp_path, text).layout
    assert floor.cell_size_m == pytest.approx(pitch, rel=0.05)
    assert drawn(floor) == drawn(plain), pitch
    assert (floor.exits == plain.exits).all()
    assert floor.stations == plain.stations


def test_two_pitches_become_squares_and_are_said(tmp_path: Path) -> None:
    floor, notes = read(tmp_path, instance(pitch=(1.0421, 1.0541)))
    assert floor.cell_size_m == pytest.approx(1.0481, abs=1e-4)
    assert any("1.0421 m apart from west to east and 1.0541 m" in note for note in notes)
    told = refusal(tmp_path, instance(pitch=(1.0, 2.0)))
    assert "cells are square here" in told


def test_columns_that_stand_a_little_apart_do_not_add_up(tmp_path: Path) -> None:
    wide = [text + "." * 60 for text in FLOOR[:1]] + [text + " " * 60 for text in FLOOR[1:]]
    plain = read(tmp_path, instance(wide)).layout
    floor = read(tmp_path, instance(wide, shift=lambda row, col: (0.004 * col, 0.0))).layout
    assert drawn(floor) == drawn(plain)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tiers": 2}, "2 tiers; a floor here has one storey"),
        ({"shift": lambda r, c: (0.4, 0) if (r, c) == (0, 2) else (0, 0)},
         "waypoint 30 at x 2.9, y 3.5 lies off the grid of 1 m; move it to x 2.5, y 3.5"),
        ({"shift": lambda r, c: (2.0, 0) if (r, c) == (0, 2) else (0, 0)},
         "waypoint 32 at x 4.5, y 3.5 is in one cell with 30"),
        ({"extra_paths": [((0, 0), (1, 3))]}, "its edge to 22 is not straight"),
        ({"extra_paths": [((0, 0), (0, 3))]}, "its edge to 31 passes over 29; join neighbours"),
    ],
)  # fmt: skip
def test_what_no_floor_can_be(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    assert message in refusal(tmp_path, instance(**changes))


def test_elevators_are_refused(tmp_path: Path) -> None:
    text = instance().replace("<Elevators />", "<Elevators><Elevator ID='0' /></Elevators>")
    assert "1 elevators; a floor here has one storey" in refusal(tmp_path, text)


def test_waypoints_without_a_grid_are_one_fault(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    off = rng.uniform(-0.45, 0.45, size=(20, 20, 2))
    told = refusal(tmp_path, instance(shift=lambda row, col: tuple(off[row, col])))
    assert "no regular grid" in told
    assert told.count("\n") == 0


@pytest.mark.parametrize(
    ("pattern", "put", "message"),
    [
        (r"</Waypoints>.*", "", "not well-formed XML"),
        (r"Instance", "Setting", "its root is <Setting>, not <Instance>"),
        (r'X="0.5"', 'X="half"', "X is 'half'; give a number"),
        (r' X="0.5"', "", "X is missing; give a number"),
        (
            r"<Paths><Waypoint>1<",
            "<Paths><Waypoint>999<",
            "a path leads to 999, which there is not",
        ),
        (r"<Paths><Waypoint>1<", "<Paths><Waypoint>x<", "a path leads to 'x'"),
        (r'ID="5" Tier', 'ID="4" Tier', "2 waypoints have the number 4"),
        (r"<Queues>\d+/", "<Queues>9/x", "is no waypoint; write FIRST/WAYPOINT"),
        (r'OutputStation="0"', 'OutputStation="7"', "output station 0 has no waypoints; give it"),
        (r'OutputStation="0"', 'OutputStation="7"', "names output station 7, which there is not"),
        (r"<Waypoints>.*</Waypoints>", "<Waypoints />", "output station 0 has no waypoints"),
        (r'PodStorageLocation="true"', "", "there are pick or stow stations but no storage"),
    ],
)
def test_broken_files(pattern: str, put: str, message: str, tmp_path: Path) -> None:
    text = re.sub(pattern, put, instance(), flags=re.DOTALL)
    assert text != instance()
    assert message in refusal(tmp_path, text)


def test_what_is_in_it_tells_the_format(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<?xml version="1.0"?>\n' + instance())
    assert format_of(tmp_path / "a.xml") == "RAWSim-O instance"
    (tmp_path / "b.xml").write_text("<html></html>")
    with pytest.raises(LayoutError, match="not a floor file of a known format"):
        format_of(tmp_path / "b.xml")

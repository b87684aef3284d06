"""The VDMA Layout Interchange Format: floors there and back, files of others, broken files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from gridfleet.cli.main import app
from layouts import CellKind, Layout, LayoutError, StationKind, load, open_layout, save
from layouts.generate import BlockFloor, StationRow, block_floor
from layouts.imported import Imported
from layouts.layout import Station
from layouts.lif_write import lost_in_lif
from layouts.loading import format_of, load_noted, save_lif

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Change = Callable[[dict[str, Any]], object]


def there_and_back(floor: Layout, folder: Path) -> Layout:
    path = folder / "floor.lif.json"
    save_lif(floor, path, AT)
    return load(path)


def check_same_but_for_edges(floor: Layout, again: Layout, what: object) -> None:
    """Equal where units drive; the north and east edges of the drawing may be missing."""
    cells = np.flatnonzero(floor.driveable)
    rows, cols = np.divmod(cells, floor.n_cols)
    moved = (rows - (floor.n_rows - again.n_rows)) * again.n_cols + cols
    assert len(moved) == again.driveable.sum(), what
    np.testing.assert_array_equal(floor.kinds[cells], again.kinds[moved], err_msg=str(what))
    np.testing.assert_array_equal(floor.exits[cells], again.exits[moved], err_msg=str(what))
    to = dict(zip(cells.tolist(), moved.tolist(), strict=True))
    wanted = [
        replace(station, cell=to[station.cell], queue=tuple(to[cell] for cell in station.queue))
        for station in floor.stations
    ]
    assert list(again.stations) == wanted, what
    assert (again.name, again.description) == (floor.name, floor.description), what
    assert again.cell_size_m == pytest.approx(floor.cell_size_m, abs=1e-4), what


@pytest.mark.parametrize("name", ["teaching", "demo", "sortation", "pick-and-stow", "one-way"])
def test_ready_floors_there_and_back(name: str, tmp_path: Path) -> None:
    floor = load(name)
    check_same_but_for_edges(floor, there_and_back(floor, tmp_path), name)


@pytest.mark.parametrize("seed", range(6))
def test_made_floors_there_and_back(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    side = str(rng.choice(["north", "east", "south", "west"]))
    floor = block_floor(
        BlockFloor(
            blocks_across=int(rng.integers(1, 4)),
            blocks_down=int(rng.integers(2, 5)),
            stations=(StationRow(side, 2, queue=int(rng.integers(1, 5))),),
            chargers=int(rng.integers(0, 7)),
            parking=int(rng.integers(0, 7)),
            one_way=bool(rng.integers(2)),
            cell_size_m=round(float(rng.uniform(0.3, 2.0)), 3),
            name=f"made {seed}",
        )
    )
    # One-way rules of no lane at all: some exits closed at random.
    exits = floor.exits & (rng.random(floor.exits.shape) > 0.05 * (floor.kinds == 1)[:, None])
    floor = replace(floor, exits=exits)
    check_same_but_for_edges(floor, there_and_back(floor, tmp_path), f"seed {seed}")


def test_the_same_floor_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.lif", "b.lif"):
        save_lif(load("teaching"), tmp_path / name, AT)
    assert (tmp_path / "a.lif").read_bytes() == (tmp_path / "b.lif").read_bytes()


def test_what_the_file_says_of_a_floor(tmp_path: Path) -> None:
    kinds = np.array([[2, 2, 1, 3]], dtype=np.int8)
    station = Station("S1", StationKind.PICK, 3, (), 1)
    floor = replace(open_layout("row", kinds, cell_size_m=0.5), stations=(station,))
    save_lif(floor, tmp_path / "row.lif", AT)
    file = json.loads((tmp_path / "row.lif").read_text())
    assert file["metaInformation"]["lifVersion"] == "1.0.0"
    assert file["metaInformation"]["exportTimestamp"] == "2026-01-02T03:04:05+00:00"
    layout = file["layouts"][0]
    assert [node["nodePosition"] for node in layout["nodes"]] == [
        {"x": x, "y": 0.25} for x in (0.25, 0.75, 1.25, 1.75)
    ]
    actions = layout["nodes"][0]["vehicleTypeNodeProperties"][0]["actions"]
    assert [action["actionType"] for action in actions] == ["pick", "drop"]
    by_id = {edge["edgeId"]: edge["vehicleTypeEdgeProperties"][0] for edge in layout["edges"]}
    assert len(by_id) == 6
    assert by_id["r1c1-r1c2"]["loadRestriction"] == {"loaded": False, "unloaded": True}
    assert "loadRestriction" not in by_id["r1c2-r1c3"]
    assert by_id["r1c3-r1c4"]["rotationAllowed"] is False
    assert layout["stations"][0]["interactionNodeIds"] == ["r1c4"]
    assert layout["stations"][0]["stationPosition"] == {"x": 1.75, "y": 0.25, "theta": pi / 2}


def test_what_is_lost_is_said() -> None:
    floor = load("one-way")
    assert "the recommended units" in lost_in_lif(floor)
    assert any("people only" in phrase for phrase in lost_in_lif(load("teaching")))
    assert not lost_in_lif(open_layout("bare", np.ones((2, 2), dtype=np.int8)))


# Files of others


def node(name: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    types = [{"vehicleTypeId": "agv"}]
    return {"nodeId": name, "nodePosition": {"x": x, "y": y}, "vehicleTypeNodeProperties": types,
            **more}  # fmt: skip


def edge(start: str, end: str, **more: Any) -> dict[str, Any]:
    types = [{"vehicleTypeId": "agv", "rotationAllowed": False, **more}]
    return {"edgeId": f"{start}>{end}", "startNodeId": start, "endNodeId": end,
            "vehicleTypeEdgeProperties": types}  # fmt: skip


def foreign() -> dict[str, Any]:
    """A ring of 3 x 2 nodes, 1.4 m apart, driven round clockwise, a spur with a station."""
    nodes = [node(f"{c}{r}", 20 + 1.4 * c, 50 + 1.4 * r) for r in range(2) for c in range(3)]
    ring = ["00", "01", "11", "21", "20", "10", "00"]
    edges = [edge(a, b) for a, b in pairwise(ring)]
    edges += [edge("20", "dock"), edge("dock", "20")]
    stations = [{"stationId": "D", "interactionNodeIds": ["dock"]}]
    return {
        "metaInformation": {"projectIdentification": "p", "creator": "c",
                            "exportTimestamp": "2024-03-01T00:00:00Z", "lifVersion": "1.0.0"},
        "layouts": [{"layoutId": "hall", "layoutVersion": "3", "edges": edges,
                     "nodes": [*nodes, node("dock", 24.2, 50)], "stations": stations}],
    }  # fmt: skip


def read(folder: Path, change: Change = lambda file: None) -> Imported:
    file = foreign()
    change(file)
    path = folder / "hall.json"
    path.write_text(json.dumps(file))
    return load_noted(path)


def hall(file: dict[str, Any]) -> dict[str, Any]:
    layout: dict[str, Any] = file["layouts"][0]
    return layout


def test_a_file_of_others_is_cropped_to_its_nodes(tmp_path: Path) -> None:
    floor, notes = read(tmp_path)
    assert (floor.n_rows, floor.n_cols, floor.cell_size_m) == (2, 4, 1.4)
    assert floor.kinds.tolist() == [1, 1, 1, 0, 1, 1, 1, 3]
    assert floor.exits[4].tolist() == [False, True, False, False], "clockwise from the south-west"
    assert [(s.name, s.kind, s.cell, s.facing) for s in floor.stations] == [
        ("D", StationKind.WORKSTATION, 7, 3)
    ]
    assert not notes
    save(floor, tmp_path / "hall.toml")
    assert (load(tmp_path / "hall.toml").exits == floor.exits).all()


def test_stations_on_lanes_chargers_and_long_edges(tmp_path: Path) -> None:
    def change(file: dict[str, Any]) -> None:
        layout = hall(file)
        layout["stations"].append(
            {"stationId": "twin", "interactionNodeIds": ["01", "11"],
             "stationPosition": {"x": 0, "y": 0, "theta": pi / 2}}
        )  # fmt: skip
        charging = [{"actionType": "startCharging", "blockingType": "HARD"}]
        types = [{"vehicleTypeId": "agv", "actions": charging}]
        layout["nodes"][1] |= {"vehicleTypeNodeProperties": types}
        layout["nodes"].append(node("far", 24.2 + 2.8, 50))
        layout["edges"] += [edge("dock", "far"), edge("far", "dock", maxSpeed=1.0)]

    floor, notes = read(tmp_path, change)
    assert floor.kinds.tolist() == [1, 1, 1, 0, 0, 0, 1, 5, 1, 1, 1, 1]
    assert [(s.name, s.cell, s.facing) for s in floor.stations[1:]] == [
        ("twin-1", 0, 1), ("twin-2", 1, 1)
    ]  # fmt: skip
    assert "1 cell that longer edges lead over became floor" in notes
    assert "speed limits of edges left out" in notes


def test_edges_that_nothing_may_drive_and_types_of_vehicles(tmp_path: Path) -> None:
    never = {"loadRestriction": {"loaded": False, "unloaded": False}}

    def change(file: dict[str, Any]) -> None:
        hall(file)["edges"] += [edge("11", "10", **never), edge("10", "11", vehicleTypeId="tug")]

    floor, notes = read(tmp_path, change)
    assert floor.exits[floor.cell(0, 1)].tolist() == [True, False, False, False]
    assert "edges of 2 types of vehicles were taken for all units alike" in notes
    assert "1 edge that nothing may drive left out" in notes


def set_version(version: str) -> Change:
    return lambda file: file["metaInformation"].update(lifVersion=version)


REFUSED: list[tuple[Change, str]] = [
    (set_version("2.0.0"), "lifVersion is '2.0.0'; this reads version 1 (1.0.0)"),
    (lambda f: f["layouts"].append(f["layouts"][0]), "2 layouts: 'hall', 'hall'; a floor here is"),
    (lambda f: f["layouts"].clear(), "0 layouts: none"),
    (lambda f: f.pop("layouts"), "not a LIF file: Object missing required field `layouts`"),
    (lambda f: hall(f)["nodes"][2].pop("nodeId"), "field `nodeId` - at `$.layouts[0].nodes[2]`"),
    (lambda f: hall(f)["nodes"][2]["nodePosition"].update(x="1"), "nodes[2].nodePosition.x`"),
    (lambda f: f["metaInformation"].pop("creator"), "field `creator` - at `$.metaInformation`"),
    (lambda f: hall(f)["nodes"][2]["nodePosition"].update(x=23.4),
     "node 20 at x 23.4, y 50 lies off the grid of 1.4 m; move it to x 22.8, y 50"),
    (lambda f: hall(f)["nodes"][2]["nodePosition"].update(x=21.4), "is in one cell with"),
    (lambda f: hall(f)["nodes"].append(node("00", 30, 30)), "2 nodes are called '00'"),
    (lambda f: hall(f)["nodes"].clear(), "there is no node '00' in this layout"),
    (lambda f: [hall(f)[key].clear() for key in ("nodes", "edges", "stations")], "are no nodes"),
    (lambda f: hall(f)["edges"].append(edge("00", "21")), "its edge to 21 is not straight"),
    (lambda f: hall(f)["edges"].append(edge("00", "99")), "there is no node '99' in this layout"),
    (lambda f: hall(f)["stations"][0].update(interactionNodeIds=["x"]), "there is no node 'x'"),
    (lambda f: hall(f)["stations"][0].update(interactionNodeIds=[]), "has no interaction node"),
    (lambda f: hall(f)["stations"].append(hall(f)["stations"][0]), "2 stations are called 'D'"),
    (lambda f: hall(f)["nodes"].append(node("far", 4200020.0, 50)), "is a node far from"),
    (lambda f: hall(f)["nodes"].append(node("far", 1e9, 50)), "is no place; give metres, 1e+07"),
    (lambda f: [n.update(mapId=n["nodeId"][0]) for n in hall(f)["nodes"]], "nodes on 4 maps"),
    (lambda f: hall(f)["nodes"][0].update(nodeDescription="queue cell 1 of X"),
     "is described as a queue cell of no station"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[text for _, text in REFUSED])
def test_what_no_floor_can_be(change: Change, message: str, tmp_path: Path) -> None:
    with pytest.raises(LayoutError) as caught:
        read(tmp_path, change)
    told = "\n".join(caught.value.faults)
    assert message in told
    assert told.startswith(str(tmp_path))
    assert len(caught.value.faults) <= 8


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "cut.lif"
    path.write_text(json.dumps(foreign())[:300])
    with pytest.raises(LayoutError, match=r"not JSON: .*; is the file cut off"):
        load(path)
    path.write_text('{"lay')
    assert format_of(path) == "LIF"


def test_the_package_may_not_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "vdma_lif.parser", None)
    with pytest.raises(LayoutError, match=r"pip install 'gridfleet\[lif\]'"):
        read(tmp_path)


def test_the_command_converts_there_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    there = runner.invoke(app, ["layouts", "convert", "teaching", "a.lif.json"])
    assert there.exit_code == 0, there.output
    assert "not in the LIF file: the recommended units" in there.output
    back = runner.invoke(app, ["layouts", "convert", "a.lif.json", "b.toml"])
    assert back.exit_code == 0, back.output
    assert CellKind.STORAGE in load(tmp_path / "b.toml").kinds

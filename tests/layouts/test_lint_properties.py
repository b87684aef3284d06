"""The lint against searches in plain Python that share no code with it, on seeded random floors."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from layouts import CellKind, Heading, Layout, Station, StationKind, open_layout
from layouts.geometry import COL_STEP, ROW_STEP
from layouts.lint import Finding, lint
from layouts.queues import queue_of, restrict_exits

SEEDS = range(240)
AISLES = {CellKind.FLOOR, CellKind.CHARGER, CellKind.PARKING}
POD_KINDS = {StationKind.PICK, StationKind.STOW, StationKind.WORKSTATION}


def usable_storage(floor: Layout) -> list[int]:
    """Storage cells with a way out to an aisle cell next door and a way in from one."""
    aisles = {CellKind.FLOOR, CellKind.CHARGER, CellKind.PARKING}
    is_aisle = [CellKind(kind) in aisles for kind in floor.kinds.tolist()]
    ahead = [[c for c in row if c >= 0] for row in floor.neighbours.tolist()]
    entered = {there for cell in range(floor.n_cells) if is_aisle[cell] for there in ahead[cell]}
    return [
        cell
        for cell in floor.cells_of(CellKind.STORAGE).tolist()
        if cell in entered and any(is_aisle[there] for there in ahead[cell])
    ]


def random_floor(seed: int) -> Layout:
    """Walls, storage, stations with and without queues, one-way cells; some floors are broken."""
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(2, 8)), int(rng.integers(3, 9)))
    wall = float(rng.choice([0.05, 0.2, 0.35]))
    pods = float(rng.choice([0.0, 0.15, 0.3]))
    shares = [wall, 0.88 - wall - pods, pods, 0.06, 0.03, 0.03]
    kinds = rng.choice([0, 1, 2, 3, 5, 6], size=shape, p=shares).astype(np.int8)
    for row, col in np.argwhere(kinds == CellKind.STATION).tolist():
        for step in range(int(rng.integers(0, 3))):
            if row + step + 1 < shape[0] and kinds[row + step + 1, col] == CellKind.FLOOR:
                kinds[row + step + 1, col] = CellKind.QUEUE
            else:
                break
    floor = open_layout("random", kinds)
    stations: list[Station] = []
    taken: set[int] = set()
    mixes = [sorted(POD_KINDS), list(StationKind)] if pods else [["induct", "eject"]]
    names = mixes[int(rng.integers(len(mixes)))]
    for number, cell in enumerate(floor.cells_of(CellKind.STATION).tolist()):
        kind = StationKind(rng.choice(names))
        try:
            queue = queue_of(floor, cell, taken)
        except ValueError:
            queue = ()
        taken.update(queue)
        stations.append(Station(f"S{number}", kind, cell, queue))
    exits = rng.random((floor.n_cells, 4)) >= rng.choice([0.0, 0.05, 0.2])
    exits = restrict_exits(floor, exits, tuple(stations))
    return Layout("random", *shape, kinds, exits, np.zeros(exits.shape), tuple(stations))


def kind_of(floor: Layout, cell: int) -> CellKind:
    return CellKind(int(floor.kinds[cell]))


def moves(floor: Layout, cell: int) -> list[int]:
    """Where a unit may drive from a cell, by rows, columns and exits alone."""
    row, col = divmod(cell, floor.n_cols)
    return [
        (row + ROW_STEP[h]) * floor.n_cols + col + COL_STEP[h]
        for h in Heading
        if floor.exits[cell, h]
    ]


def open_to(floor: Layout, kinds: set[CellKind], goal: int = -1) -> Callable[[int], bool]:
    """What a unit drives over on its way to a goal: open kinds, the goal, cells of its station."""
    zone = {goal}
    for station in floor.stations:
        if goal in (station.cell, *station.queue):
            zone |= {station.cell, *station.queue}
    return lambda cell: cell in zone or kind_of(floor, cell) in kinds


def can_reach(floor: Layout, start: int, may: Callable[[int], bool]) -> set[int]:
    """Cells that a unit gets to from a cell that it may start on whatever it is."""
    seen, stack = {start}, [start]
    while stack:
        for there in moves(floor, stack.pop()):
            if there not in seen and may(there):
                seen.add(there)
                stack.append(there)
    return seen


def flooded(floor: Layout, cell: int) -> set[int]:
    """Cells with no wall between, whatever the exits say."""
    seen, stack = {cell}, [cell]
    while stack:
        row, col = divmod(stack.pop(), floor.n_cols)
        for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            there = (row + down) * floor.n_cols + col + right
            inside = 0 <= row + down < floor.n_rows and 0 <= col + right < floor.n_cols
            if inside and there not in seen and kind_of(floor, there) is not CellKind.OBSTACLE:
                seen.add(there)
                stack.append(there)
    return seen


def cells_of(findings: Iterable[Finding], *codes: str) -> set[int]:
    return {cell for finding in findings if finding.code in codes for cell in finding.cells}


def home_of(floor: Layout) -> set[int]:
    """The largest set of cells among which an empty unit gets from each to each."""
    may = open_to(floor, AISLES | {CellKind.STORAGE})
    opened = [cell for cell in range(floor.n_cells) if may(cell)]
    reach = {cell: can_reach(floor, cell, may) for cell in opened}
    best: set[int] = set()
    for cell in opened:
        together = {there for there in reach[cell] if cell in reach[there]}
        best = together if len(together) > len(best) else best
    return best


@pytest.mark.parametrize("seed", SEEDS)
def test_what_empty_units_reach(seed: int) -> None:
    floor = random_floor(seed)
    found, home = lint(floor), home_of(floor)
    if not home:
        return
    inside = min(home)
    may = open_to(floor, AISLES | {CellKind.STORAGE})
    goals = {
        cell: kind_of(floor, cell)
        for cell in range(floor.n_cells)
        if kind_of(floor, cell) in (CellKind.CHARGER, CellKind.PARKING)
        or cell in usable_storage(floor)
    }
    codes = {"charger-cut-off": CellKind.CHARGER, "parking-cut-off": CellKind.PARKING,
             "storage-unreachable": CellKind.STORAGE}  # fmt: skip
    for code, kind in codes.items():
        expected = {cell for cell in goals if goals[cell] is kind and cell not in home}
        assert cells_of(found, code) == expected, f"seed {seed}: {code}"
    anywhere = open_to(floor, set(CellKind))
    into = can_reach(floor, inside, anywhere)
    expected_by_code: dict[str, set[int]] = {}
    for cell in range(floor.n_cells):
        if not may(cell) or cell in home or cell in goals:
            continue
        enters, leaves = cell in into, inside in can_reach(floor, cell, anywhere)
        code = {(True, False): "one-way-trap", (False, True): "one-way-no-entry",
                (False, False): "region", (True, True): "through"}[enters, leaves]  # fmt: skip
        if code == "through":
            by_itself = cell in can_reach(floor, inside, may)
            by_itself |= inside in can_reach(floor, cell, may)
            code = "station-lane" if by_itself else "region-behind-station"
        expected_by_code.setdefault(code, set()).add(cell)
    for code in ("one-way-trap", "one-way-no-entry", "region-behind-station"):
        assert cells_of(found, code) == expected_by_code.get(code, set()), f"seed {seed}: {code}"
    regions = cells_of(found, "region-isolated", "region-cut-off")
    assert regions == expected_by_code.get("region", set()), f"seed {seed}"
    hall = flooded(floor, inside)
    assert cells_of(found, "region-isolated") == regions - hall, f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
def test_stations_that_empty_units_reach_and_leave(seed: int) -> None:
    floor = random_floor(seed)
    found, home = lint(floor), home_of(floor)
    if not home:
        return
    kinds, inside = AISLES | {CellKind.STORAGE}, min(home)
    for station in floor.stations:
        comes = station.cell in can_reach(floor, inside, open_to(floor, kinds, station.cell))
        assert comes == (station.cell not in cells_of(found, "station-unreachable")), f"seed {seed}"
        goes = inside in can_reach(floor, station.cell, open_to(floor, kinds))
        assert goes == (station.cell not in cells_of(found, "station-no-exit")), f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
def test_ways_of_pods(seed: int) -> None:
    floor = random_floor(seed)
    found, home = lint(floor), home_of(floor)
    storage = set(floor.cells_of(CellKind.STORAGE).tolist())
    usable = set(usable_storage(floor))
    assert cells_of(found, "storage-buried", "storage-unusable") == storage - usable, f"seed {seed}"
    bad = cells_of(found, "station-unreachable", "station-no-exit")
    stations = [s for s in floor.stations if s.kind in POD_KINDS and s.cell not in bad]
    pods = sorted(usable & home)
    if not pods:
        return
    to = {
        (pod, s.name): s.cell in can_reach(floor, pod, open_to(floor, AISLES, s.cell))
        for pod in pods
        for s in stations
    }
    back = {
        (pod, s.name): pod in can_reach(floor, s.cell, open_to(floor, AISLES, pod))
        for pod in pods
        for s in stations
    }
    for ways, codes in (
        (to, ("station-no-pods", "storage-no-way-out", "storage-part-way-out")),
        (back, ("station-no-return", "storage-no-way-back", "storage-part-way-back")),
    ):
        lonely = {s.cell for s in stations if not any(ways[pod, s.name] for pod in pods)}
        others = [s.name for s in stations if s.cell not in lonely]
        missing = {pod: {name for name in others if not ways[pod, name]} for pod in pods}
        none = {pod for pod in pods if others and len(missing[pod]) == len(others)}
        some = {pod for pod in pods if missing[pod]} - none
        assert [cells_of(found, code) for code in codes] == [lonely, none, some], f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
def test_ways_of_parcels(seed: int) -> None:
    floor = random_floor(seed)
    found = lint(floor)
    unreached = cells_of(found, "station-unreachable")
    stuck = cells_of(found, "station-no-exit")
    expected = {
        (induct.name, eject.name)
        for induct in floor.stations
        for eject in floor.stations
        if induct.kind is StationKind.INDUCT and induct.cell not in stuck
        if eject.kind is StationKind.EJECT and eject.cell not in unreached
        if eject.cell not in can_reach(floor, induct.cell, open_to(floor, AISLES, eject.cell))
    }
    told = {
        (finding.stations[0], name)
        for finding in found
        if finding.code == "sortation-cut-off"
        for name in finding.stations[1:]
    }
    assert told == expected, f"seed {seed}"


def ways_of(floor: Layout, kinds: set[CellKind]) -> dict[int, set[int]]:
    """Neighbours with a move in either direction, over cells of these kinds."""
    found: dict[int, set[int]] = {
        cell: set() for cell in range(floor.n_cells) if kind_of(floor, cell) in kinds
    }
    for cell in found:
        for there in moves(floor, cell):
            if there in found:
                found[cell].add(there)
                found[there].add(cell)
    return found


def peeled(ways: dict[int, set[int]]) -> dict[int, set[int]]:
    """What is left when cells with a single way are taken away for as long as there are any."""
    left = {cell: set(beside) for cell, beside in ways.items()}
    while ends := [cell for cell, beside in left.items() if len(beside) <= 1]:
        for cell in ends:
            for there in left.pop(cell):
                left[there].discard(cell)
    return left


@pytest.mark.parametrize("seed", SEEDS)
def test_dead_ends(seed: int) -> None:
    floor = random_floor(seed)
    home = home_of(floor)
    ways = ways_of(floor, AISLES | {CellKind.STATION, CellKind.QUEUE})
    niches = {
        cell
        for cell, beside in ways.items()
        if kind_of(floor, cell) in (CellKind.CHARGER, CellKind.PARKING) and len(beside) == 1
    }
    ways = {cell: beside - niches for cell, beside in ways.items() if cell not in niches}
    core = peeled(ways)
    expected = {
        cell
        for cell, beside in ways.items()
        if cell not in core and beside and kind_of(floor, cell) in AISLES and cell in home
    }
    assert cells_of(lint(floor), "dead-end") == expected, f"seed {seed}"


def parts(ways: dict[int, set[int]], closed: int = -1) -> list[set[int]]:
    left, found = set(ways) - {closed}, []
    while left:
        part, stack = set(), [min(left)]
        while stack:
            cell = stack.pop()
            if cell in left:
                left.discard(cell)
                part.add(cell)
                stack += ways[cell]
        found.append(part)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_cells_that_cut_the_floor(seed: int) -> None:
    floor = random_floor(seed)
    found = lint(floor)
    cuts = {}
    for name, kinds in (("empty", AISLES | {CellKind.STORAGE}), ("laden", AISLES)):
        core = peeled(ways_of(floor, kinds))
        whole = len(parts(core))
        cuts[name] = {cell for cell in core if len(parts(core, cell)) > whole}
    assert cells_of(found, "cut-cell") == cuts["empty"], f"seed {seed}"
    has_storage = len(floor.cells_of(CellKind.STORAGE)) > 0
    laden = cuts["laden"] - cuts["empty"] if has_storage else set()
    assert cells_of(found, "cut-cell-laden") == laden, f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
def test_single_cells_that_stations_hang_on(seed: int) -> None:
    floor = random_floor(seed)
    usable = set(usable_storage(floor))
    if not usable or any(station.kind not in POD_KINDS for station in floor.stations):
        return
    core = peeled(ways_of(floor, AISLES))
    users: dict[int, set[tuple[str, str]]] = {}
    private = set()
    for station in floor.stations:
        for way in ("in", "out"):
            cells = all_need(floor, station, usable, way)
            for cell in cells:
                users.setdefault(cell, set()).add((station.name, way))
            near = {cell for cell in range(floor.n_cells) if is_door(floor, station, cell, way)}
            for cell in cells:
                if cell not in near:
                    break
                private.add((cell, station.name, way))
                if cell in core:
                    break
                near = {*moves(floor, cell), *(c for c in core if cell in moves(floor, c))}
                near |= {c for c in range(floor.n_cells) if cell in moves(floor, c)}
    expected: dict[str, set[int]] = {"shared-way": set(), "single-way": set()}
    for cell, using in users.items():
        if len(using) > 1 or (cell, *min(using)) not in private:
            is_shared = len({name for name, _ in using}) < len(using)
            expected["shared-way" if is_shared else "single-way"].add(cell)
    for code, cells in expected.items():
        found = [finding for finding in lint(floor) if finding.code == code]
        assert cells_of(found, code) == cells, f"seed {seed}: {code}"
        told = {name for finding in found for name in finding.stations}
        assert told == {name for cell in cells for name, _ in users[cell]}, f"seed {seed}: {code}"


def all_need(floor: Layout, station: Station, usable: set[int], way: str) -> list[int]:
    """Aisle cells without which no pod gets to the station, or away, from the station on."""
    if not pods_met(floor, station, usable, way, -1)[0]:
        return []
    behind = {}
    for cell in range(floor.n_cells):
        if kind_of(floor, cell) in AISLES:
            meets, seen = pods_met(floor, station, usable, way, cell)
            if not meets:
                behind[cell] = seen
    return sorted(behind, key=lambda cell: len(behind[cell] & set(behind)))


def pods_met(
    floor: Layout, station: Station, usable: set[int], way: str, closed: int
) -> tuple[bool, set[int]]:
    """Whether any storage is joined to the station with one cell closed, and the aisle cells on the
    station's side that are."""
    may = open_to(floor, AISLES, station.cell if way == "in" else -1)
    sides = {
        cell: set(moves(floor, cell))
        for cell in range(floor.n_cells)
        if cell != closed and (may(cell) or cell in usable or cell == station.cell)
    }
    if way == "in":
        sides = {cell: {c for c in sides if cell in sides[c]} for cell in sides}
    seen, stack = {station.cell}, [station.cell]
    while stack:
        here = stack.pop()
        if here not in usable:
            for there in sides[here]:
                if there in sides and there not in seen:
                    seen.add(there)
                    stack.append(there)
    return bool(seen & usable), seen


def is_door(floor: Layout, station: Station, cell: int, way: str) -> bool:
    """Whether a unit comes from this cell into the station's own ones, or leaves it to this."""
    zone = {station.cell, *station.queue}
    if way == "out":
        return cell not in zone and cell in moves(floor, station.cell)
    return cell not in zone and bool(zone & set(moves(floor, cell)))

"""Instances of RAWSim-O as floors (xinst_file.py tells what is in the file).

Every waypoint is a cell, its paths are the moves out of it; places of pods are storage, input
stations stow and output stations pick. x grows to the east and y to the north. The queue of a
station becomes its one-way lane: shortcuts in it, and ways into its middle, are closed. How many
bots and pods there are is said in the notes; where they stand belongs to a run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layouts.errors import LayoutError
from layouts.imported import Imported
from layouts.lattice import Graph, Lattice, lattice_of, moves_of
from layouts.layout import CellKind, Layout, Station, StationKind, open_layout
from layouts.native import work_faults
from layouts.queues import facing_of, restrict_exits
from layouts.words import count
from layouts.xinst_file import NONE, Instance, QueueList, read_instance

KINDS = {"input": StationKind.STOW, "output": StationKind.PICK}
NAMES = {"input": "in", "output": "out"}
"""Stations are called in-0, out-0 ... with the numbers of the file."""


def read_xinst(path: Path) -> Imported:
    """The floor of an instance. Raises LayoutError with every fault found."""
    instance = read_instance(path)
    graph = _graph(path, instance)
    lattice = lattice_of(graph, instance.size_m)
    exits, passed = moves_of(graph, lattice)
    floor, notes = _floor(path, instance, lattice, exits, passed)
    if faults := work_faults(str(path), floor, floor.stations):
        raise LayoutError(faults)
    return Imported(floor, (*notes, *_notes_of_run(instance, floor)))


def _graph(path: Path, instance: Instance) -> Graph:
    points = {waypoint.id: point for point, waypoint in enumerate(instance.waypoints)}
    edges = [
        (points[waypoint.id], points[head])
        for waypoint in instance.waypoints
        for head in waypoint.paths
        if head != waypoint.id
    ]
    return Graph(
        str(path),
        "waypoint",
        [str(waypoint.id) for waypoint in instance.waypoints],
        np.array([(w.x, w.y) for w in instance.waypoints], dtype=np.float64).reshape(-1, 2),
        np.array(edges, dtype=np.int64).reshape(-1, 2),
    )


def _floor(
    path: Path, instance: Instance, lattice: Lattice, exits: NDArray[np.bool_],
    passed: NDArray[np.int64],
) -> tuple[Layout, list[str]]:  # fmt: skip
    """The floor, and what of the moves could not be kept."""
    cells = {w.id: c for w, c in zip(instance.waypoints, lattice.cells.tolist(), strict=True)}
    kinds = np.full(lattice.n_rows * lattice.n_cols, CellKind.OBSTACLE, dtype=np.int8)
    kinds[passed] = CellKind.FLOOR
    for waypoint in instance.waypoints:
        kinds[cells[waypoint.id]] = CellKind.STORAGE if waypoint.is_storage else CellKind.FLOOR
    service = {
        (word, number): cells[waypoint.id]
        for waypoint in instance.waypoints
        for word, number in (("input", waypoint.input_station), ("output", waypoint.output_station))
        if number != NONE
    }
    kinds[list(service.values())] = CellKind.STATION
    lanes = _Lanes(lattice.n_cols, exits, set(service.values()))
    queues = [
        lanes.queue(station, service[station.word, station.id], cells)
        for station in instance.stations
    ]
    kinds[[cell for queue in queues for cell in queue]] = CellKind.QUEUE
    floor = open_layout(
        instance.name or path.stem,
        kinds.reshape(lattice.n_rows, lattice.n_cols),
        source=str(path),
        cell_size_m=lattice.cell_size_m,
        recommended_units=instance.n_bots,
    )
    stations = tuple(
        _station(floor, station, service[station.word, station.id], queue)
        for station, queue in zip(instance.stations, queues, strict=True)
    )
    ruled = restrict_exits(floor, exits, stations)
    notes = [*lanes.notes, *_move_notes(lattice, passed, exits & ~ruled)]
    return replace(floor, exits=ruled, stations=stations), notes


def _station(floor: Layout, station: QueueList, cell: int, queue: tuple[int, ...]) -> Station:
    name = f"{NAMES[station.word]}-{station.id}"
    return Station(name, KINDS[station.word], cell, queue, facing_of(floor, cell, queue))


class _Lanes:
    """Queues as lanes of cells; what is left out of them is noted."""

    def __init__(self, n_cols: int, exits: NDArray[np.bool_], taken: set[int]) -> None:
        self._n_cols, self._exits, self._taken = n_cols, exits, taken
        self.notes: list[str] = []

    def queue(self, station: QueueList, service: int, cells: dict[int, int]) -> tuple[int, ...]:
        """Cells from front to back: as far as each leads to the one before, and the last can be
        entered from outside."""
        listed = [[cells[number] for number in numbers] for numbers in station.queues]
        longest = max(listed, key=len, default=[])
        wanted = [cell for cell in longest if cell != service]
        lane = [service]
        for cell in wanted:
            if cell in self._taken or lane[-1] not in self._heads(cell):
                break
            lane.append(cell)
        chain = set(lane)
        while len(lane) > 1 and not self._is_entered(lane[-1], chain):
            lane.pop()
        queue = tuple(lane[1:])
        self._taken.update(queue)
        left_out = sum(map(len, listed)) - len(longest) + len(wanted) - len(queue)
        if left_out:
            self.notes.append(
                f"{count(left_out, 'waypoint')} of the queue of {station.name} became floor: they "
                "are no chain to it that can be entered at its back"
            )
        return queue

    def _heads(self, cell: int) -> list[int]:
        steps = (1, -self._n_cols, -1, self._n_cols)
        return [cell + steps[heading] for heading in np.flatnonzero(self._exits[cell])]

    def _is_entered(self, cell: int, lane: set[int]) -> bool:
        steps = (1, -self._n_cols, -1, self._n_cols)
        tails = [(cell - step, heading) for heading, step in enumerate(steps)]
        return any(
            0 <= tail < len(self._exits) and self._exits[tail, heading] and tail not in lane
            for tail, heading in tails
        )


def _move_notes(
    lattice: Lattice, passed: NDArray[np.int64], closed: NDArray[np.bool_]
) -> list[str]:
    notes = []
    if lattice.is_stretched:
        east, north = lattice.pitch_m
        notes.append(
            f"waypoints are {east:g} m apart from west to east and {north:g} m from south to "
            f"north; cells became squares of {lattice.cell_size_m:g} m"
        )
    if len(passed):
        notes.append(f"{count(len(passed), 'cell')} that longer paths lead over became floor")
    if n_closed := int(closed.sum()):
        notes.append(
            f"{count(n_closed, 'path')} within queues or into their middle closed: a queue here is "
            "entered at its back"
        )
    return notes


def _notes_of_run(instance: Instance, floor: Layout) -> list[str]:
    """What the file says of bots, pods and people, which belong to a run."""
    n_storage = len(floor.cells_of(CellKind.STORAGE))
    notes = [
        f"{count(instance.n_bots, 'bot')} became the recommended units, "
        f"{count(instance.n_pods, 'pod')} for {n_storage:,} storage cells left out: where they "
        "stand belongs to a run"
    ]
    if instance.bot_limits:
        limits = ", ".join(f"{word} {value:g}" for word, value in instance.bot_limits)
        notes.append(f"bots left out: {limits}; say them in [unit] of a scenario")
    times = {(word, value) for station in instance.stations for word, value in station.times_s}
    if times:
        told = ", ".join(f"{word} {value:g}" for word, value in sorted(times))
        notes.append(f"seconds at stations left out: {told}; say them in [service] of a scenario")
    if instance.n_semaphores:
        notes.append(f"{count(instance.n_semaphores, 'semaphore')} at queues left out")
    return notes

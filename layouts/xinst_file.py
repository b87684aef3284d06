"""Explicit instances of RAWSim-O (Merschformann, Xie, Li 2018), `.xinst`: what is in the file.

XML without a schema of its own: `Instance` holds lists of `Bot`, `Pod`, `Elevator`, `InputStation`,
`OutputStation`, `Tier`, `Waypoint` and `Semaphore`. A waypoint's `Paths` are the waypoints that it
leads to. The queue of a station is a list from its own waypoint to the back, in newer files as
"first/waypoint" under `Queues`, in older ones as single numbers under `Queue`. Left out: SKUs,
orders and controllers, which are files of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

from layouts.drawing import read_text, shortened
from layouts.errors import LayoutError

NONE = -1
"""A waypoint without a pod, station or elevator has that number there."""
ROOT = "Instance"
_Value = TypeVar("_Value", int, float)


@dataclass(frozen=True, slots=True)
class Waypoint:
    """x, y: metres, east and north. paths: numbers of the waypoints that it leads to."""

    id: int
    x: float
    y: float
    tier: int
    paths: tuple[int, ...]
    input_station: int
    output_station: int
    is_storage: bool


@dataclass(frozen=True, slots=True)
class QueueList:
    """A station. queues: waypoints from its own to the back, one list for each of its waypoints.
    times_s: seconds by the word of the file."""

    word: str
    id: int
    queues: tuple[tuple[int, ...], ...]
    times_s: tuple[tuple[str, float], ...]

    @property
    def name(self) -> str:
        """ "input station 3": how messages call it."""
        return f"{self.word} station {self.id}"


@dataclass(frozen=True, slots=True)
class Instance:
    """n_semaphores: limits of bots in a part of a queue. bot_limits: of the first bot, by the word
    of the file. size_m: of the one tier, east and north."""

    name: str
    waypoints: tuple[Waypoint, ...]
    stations: tuple[QueueList, ...]
    n_bots: int
    n_pods: int
    n_semaphores: int
    bot_limits: tuple[tuple[str, float], ...]
    size_m: tuple[float, float] | None


def read_instance(path: Path) -> Instance:
    """Raises LayoutError with every fault found."""
    try:
        root = ElementTree.fromstring(read_text(path))
    except ElementTree.ParseError as error:
        raise LayoutError(f"{path}: not well-formed XML: {error}; is the file cut off?") from None
    if root.tag != ROOT:
        raise LayoutError(f"{path}: its root is <{root.tag}>, not <{ROOT}> as in a .xinst file")
    faults: list[str] = []
    reader = _Reader(str(path), root, faults)
    instance = reader.instance()
    faults = shortened(faults, str(path), "faults of values")
    faults += _reference_faults(str(path), instance)
    faults += reader.storey_faults(instance)
    if faults:
        raise LayoutError(faults)
    return instance


class _Reader:
    """Turns elements into values; what is wrong is added to `faults`."""

    def __init__(self, source: str, root: ElementTree.Element, faults: list[str]) -> None:
        self._source, self._root, self._faults = source, root, faults

    def instance(self) -> Instance:
        bots = self._each("Bots")
        stations = [
            *(self._station(each, "output") for each in self._each("OutputStations")),
            *(self._station(each, "input") for each in self._each("InputStations")),
        ]
        limits = ("MaxVelocity", "MaxAcceleration", "MaxDeceleration", "PodTransferTime")
        return Instance(
            name=self._root.get("Name", ""),
            waypoints=tuple(self._waypoint(each) for each in self._each("Waypoints")),
            stations=tuple(stations),
            n_bots=len(bots),
            n_pods=len(self._each("Pods")),
            n_semaphores=len(self._each("Semaphores")),
            bot_limits=self._figures(bots[0], limits) if bots else (),
            size_m=self._size_m(),
        )

    def storey_faults(self, instance: Instance) -> list[str]:
        """Elevators, and tiers beyond the first."""
        faults = []
        cure = "a floor here has one storey; take an instance with one tier and no elevators"
        if elevators := self._each("Elevators"):
            faults.append(f"{self._source}: {len(elevators)} elevators; {cure}")
        tiers = sorted({waypoint.tier for waypoint in instance.waypoints})
        n_tiers = max(len(self._each("Tiers")), len(tiers))
        if n_tiers > 1:
            faults.append(f"{self._source}: {n_tiers} tiers; {cure}")
        return faults

    def _each(self, name: str) -> list[ElementTree.Element]:
        found = self._root.find(name)
        return [] if found is None else list(found)

    def _waypoint(self, element: ElementTree.Element) -> Waypoint:
        paths = element.find("Paths")
        name = f"waypoint {element.get('ID', '?')}"
        return Waypoint(
            id=self._number(name, element, "ID", int),
            x=self._number(name, element, "X", float),
            y=self._number(name, element, "Y", float),
            tier=self._number(name, element, "Tier", int, 0),
            paths=() if paths is None else tuple(self._numbers(name, paths)),
            input_station=self._number(name, element, "InputStation", int, NONE),
            output_station=self._number(name, element, "OutputStation", int, NONE),
            # A pod's own place says so in older files only by the pod on it.
            is_storage=element.get("PodStorageLocation", "").strip().lower() in ("true", "1")
            or self._number(name, element, "Pod", int, NONE) != NONE,
        )

    def _station(self, element: ElementTree.Element, word: str) -> QueueList:
        name = f"{word} station {element.get('ID', '?')}"
        lists: dict[int, list[int]] = {}
        for group in ("Queues", "Queue"):
            for entry in element.findall(f"{group}/{group}"):
                first, _, number = (entry.text or "").strip().rpartition("/")
                try:
                    lists.setdefault(int(first or NONE), []).append(int(number))
                except ValueError:
                    self._faults.append(
                        f"{self._source}: {name}: {entry.text!r} in its queue is no waypoint; "
                        "write FIRST/WAYPOINT"
                    )
        words = ("ItemTransferTime", "ItemPickTime", "ItemBundleTransferTime")
        return QueueList(
            word,
            self._number(name, element, "ID", int),
            tuple(tuple(numbers) for numbers in lists.values()),
            self._figures(element, words),
        )

    def _figures(
        self, element: ElementTree.Element, words: tuple[str, ...]
    ) -> tuple[tuple[str, float], ...]:
        name = f"{element.tag} {element.get('ID', '?')}"
        return tuple(
            (word, self._number(name, element, word, float))
            for word in words
            if element.get(word) is not None
        )

    def _size_m(self) -> tuple[float, float] | None:
        """RAWSim-O calls the extent along x the length, and that along y the width."""
        tiers = self._each("Tiers")
        if len(tiers) != 1 or not {"Length", "Width"} <= set(tiers[0].keys()):
            return None
        length, width = (self._number("tier", tiers[0], key, float) for key in ("Length", "Width"))
        return (length, width) if 0 < length < inf and 0 < width < inf else None

    def _number(
        self, name: str, element: ElementTree.Element, key: str, kind: type[_Value],
        default: _Value | None = None,
    ) -> _Value:  # fmt: skip
        text = element.get(key)
        if text is None and default is not None:
            return default
        try:
            return kind(text or "")
        except ValueError:
            said = "missing" if text is None else repr(text)
            self._faults.append(f"{self._source}: {name}: {key} is {said}; give a number")
            return kind(0)

    def _numbers(self, name: str, paths: ElementTree.Element) -> Iterator[int]:
        for entry in paths:
            try:
                yield int(entry.text or "")
            except ValueError:
                self._faults.append(f"{self._source}: {name}: a path leads to {entry.text!r}")


def _reference_faults(source: str, instance: Instance) -> list[str]:
    """Numbers that are given twice, or that there are not."""
    counts = Counter(waypoint.id for waypoint in instance.waypoints)
    faults = [
        f"{source}: {times} waypoints have the number {number}"
        for number, times in counts.items()
        if times > 1
    ]
    for waypoint in instance.waypoints:
        faults += [
            f"{source}: waypoint {waypoint.id}: a path leads to {number}, which there is not"
            for number in waypoint.paths
            if number not in counts
        ]
    for station in instance.stations:
        faults += [
            f"{source}: {station.name}: waypoint {number} of its queue is not there"
            for queue in station.queues
            for number in queue
            if number not in counts
        ]
    faults = shortened(faults, source, "faults of numbers")
    return faults + _place_faults(source, instance)


def _place_faults(source: str, instance: Instance) -> list[str]:
    """Stations without a waypoint, with several, or that there are not; two in one place."""
    at: Counter[tuple[str, int]] = Counter()
    faults = []
    for waypoint in instance.waypoints:
        numbers = {"input": waypoint.input_station, "output": waypoint.output_station}
        at.update((word, number) for word, number in numbers.items() if number != NONE)
        if NONE not in numbers.values():
            faults.append(
                f"{source}: waypoint {waypoint.id} has both an input and an output station"
            )
    known = {(station.word, station.id) for station in instance.stations}
    faults += [f"{source}: a waypoint names {word} station {number}, which there is not"
               for word, number in at if (word, number) not in known]  # fmt: skip
    for station in instance.stations:
        times = at[station.word, station.id]
        if times != 1:
            faults.append(f"{source}: {station.name} has {times or 'no'} waypoints; give it one")
    return faults

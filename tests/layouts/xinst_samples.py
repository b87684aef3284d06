"""Instances of RAWSim-O drawn as text: a character for each waypoint, an arrow a single way out.

`.` leads to all sides, `P` too and holds a pod place, `> < ^ v` one way; `a b c ...` are the queue
of station `I` (input) or `O` (output), `a` the front; blank: no waypoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.etree import ElementTree

ARROWS = {">": (0, 1), "^": (-1, 0), "<": (0, -1), "v": (1, 0)}
FLOOR = [
    ".......    ",
    ".PP.PP.dc  ",
    ".PP.PP. ba ",
    ".......<<O ",
]
"""A way round four pods a side, an output station with a queue of four in the east."""


def instance(
    rows: Sequence[str] = FLOOR,
    pitch: tuple[float, float] = (1.0, 1.0),
    shift: Callable[[int, int], tuple[float, float]] = lambda row, col: (0.0, 0.0),
    more: str = "",
    old_queues: bool = False,
    extra_paths: Sequence[tuple[tuple[int, int], tuple[int, int]]] = (),
    tiers: int = 1,
) -> str:
    """The XML. shift: metres by which the waypoint of a row and column is off its place. more:
    elements at the end. extra_paths: from and to, as (row, column)."""
    numbers = {
        (row, col): number
        for number, (row, col) in enumerate(
            (row, col)
            for row in reversed(range(len(rows)))
            for col, char in enumerate(rows[row])
            if char != " "
        )
    }
    root = ElementTree.Element("Instance", Name="drawn")
    bots = ElementTree.SubElement(root, "Bots")
    ElementTree.SubElement(bots, "Bot", ID="0", MaxVelocity="1.5", MaxAcceleration="0.5")
    pods = ElementTree.SubElement(root, "Pods")
    ElementTree.SubElement(pods, "Pod", ID="0", X="1", Y="1")
    ElementTree.SubElement(root, "Elevators")
    for word, letter in (("Input", "I"), ("Output", "O")):
        group = ElementTree.SubElement(root, f"{word}Stations")
        for number, place in enumerate(p for p in numbers if rows[p[0]][p[1]] == letter):
            station = ElementTree.SubElement(
                group, f"{word}Station", ID=str(number), ItemTransferTime="10"
            )
            _queue(station, rows, place, numbers, old_queues)
    floors = ElementTree.SubElement(root, "Tiers")
    width = max(map(len, rows))
    for tier in range(tiers):
        ElementTree.SubElement(
            floors, "Tier", ID=str(tier), Length=str(width * pitch[0]),
            Width=str(len(rows) * pitch[1]),
        )  # fmt: skip
    points = ElementTree.SubElement(root, "Waypoints")
    seen = {"I": 0, "O": 0}
    for (row, col), number in numbers.items():
        char, off = rows[row][col], shift(row, col)
        stations = {"InputStation": "-1", "OutputStation": "-1"}
        if char in seen:
            stations[{"I": "InputStation", "O": "OutputStation"}[char]] = str(seen[char])
            seen[char] += 1
        point = ElementTree.SubElement(
            points, "Waypoint", ID=str(number), Tier="0", Pod="-1", **stations,
            X=repr(float((col + 0.5) * pitch[0] + off[0])),
            Y=repr(float((len(rows) - row - 0.5) * pitch[1] + off[1])),
            PodStorageLocation=str(char == "P").lower(),
        )  # fmt: skip
        paths = ElementTree.SubElement(point, "Paths")
        heads = _heads(rows, row, col) + [head for tail, head in extra_paths if tail == (row, col)]
        for head in heads:
            ElementTree.SubElement(paths, "Waypoint").text = str(numbers[head])
    text = ElementTree.tostring(root, encoding="unicode")
    return text.replace("</Instance>", f"{more}</Instance>")


def _heads(rows: Sequence[str], row: int, col: int) -> list[tuple[int, int]]:
    char = rows[row][col]
    steps = [ARROWS[char]] if char in ARROWS else list(ARROWS.values())
    beside = [(row + down, col + right) for down, right in steps]
    beside = [p for p in beside if 0 <= p[0] < len(rows) and 0 <= p[1] < len(rows[p[0]])]
    char_at = {place: rows[place[0]][place[1]] for place in beside}
    if char in ARROWS:
        return beside
    if char.isalpha() and char.islower():
        ahead = chr(ord(char) - 1) if char != "a" else "IO"
        return [place for place in beside if char_at[place] in ahead]
    if char in "IO":
        return [place for place in beside if char_at[place] in {*ARROWS, "."}]
    back = max((c for text in rows for c in text if c.islower()), default="")
    return [place for place in beside if char_at[place] in {".", "P", *ARROWS, back}]


def _queue(
    station: ElementTree.Element, rows: Sequence[str], place: tuple[int, int],
    numbers: dict[tuple[int, int], int], is_old: bool,
) -> None:  # fmt: skip
    """The station's own waypoint, then its queue from the front."""
    lane = sorted((rows[row][col], number) for (row, col), number in numbers.items()
                  if rows[row][col].islower())  # fmt: skip
    own = numbers[place]
    name = "Queue" if is_old else "Queues"
    group = ElementTree.SubElement(station, name)
    for number in [own, *(number for _, number in lane)]:
        entry = ElementTree.SubElement(group, name)
        entry.text = str(number) if is_old else f"{own}/{number}"

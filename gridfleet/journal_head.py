"""The head of a run's journal: the scenario, and fingerprints of all that it depends on.

What a scenario names but does not hold (floor, orders, stock, faults, guidance) and the program
itself go in as fingerprints: a run cannot go on over another floor, nor with another mind.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from fleet_control.journal import Codec, Header, JournalError
from fleet_control.journal.codec import SEAM
from fleet_control.operations import NewOrders, Operation
from gridfleet.scenario import Scenario, ScenarioError
from gridfleet.typed_files import parse
from gridfleet.wiring.units import CYCLE_S
from layouts import Layout, load

PACKAGES = ("layouts", "fleet_control", "twin", "hw_bridge", "gridfleet")
TYPES = (*SEAM, Operation, NewOrders)
"""What records of a run are made of; new types at the end."""


def make_codec() -> Codec:
    return Codec(TYPES)


def header_of(scenario: Scenario, layout: Layout) -> Header:
    """The head of a new journal."""
    return Header(
        scenario=scenario.to_toml(), files=fingerprints(scenario, layout), version=own_version(),
        code=code_fingerprint(), schema=make_codec().schema, cycle_s=CYCLE_S,
    )  # fmt: skip


def scenario_of(path: Path, header: Header) -> Scenario:
    """The scenario in the head. Raises JournalError where this version cannot run it, or where its
    files are not what they were."""
    try:
        scenario = parse(header.scenario, Scenario, f"{path}: scenario", ScenarioError)
    except ScenarioError as error:
        raise JournalError(
            f"{error}\n{path} was written by version {header.version}; use that one"
        ) from None
    if header.cycle_s != CYCLE_S:
        raise JournalError(
            f"{path}: control cycles of {header.cycle_s:g} s, here they take {CYCLE_S:g} s; use "
            f"version {header.version}, which wrote it"
        )
    check_files(path, header, fingerprints(scenario, load(scenario.layout)), scenario)
    return scenario


def check_files(path: Path, header: Header, now: dict[str, str], scenario: Scenario) -> None:
    """Raise JournalError for every file that is not what it was when the run began."""
    named = {
        "floor": scenario.layout, "orders": scenario.orders, "stock": scenario.stock.file,
        "faults": scenario.faults, "guidance": scenario.guidance,
    }  # fmt: skip
    faults = [
        f"{path}: the {name} {named.get(name)!r} is not what it was when the run began; put the "
        "old one back, or begin a new run"
        for name, fingerprint in header.files.items()
        if now.get(name) != fingerprint
    ]
    if faults:
        raise JournalError("\n".join(faults))


def check_code(path: Path, header: Header) -> None:
    """Raise JournalError for a journal of other code: it would decide otherwise half-way."""
    if header.version != own_version():
        raise JournalError(
            f"{path} was written by version {header.version}, this is {own_version()}: a run goes "
            "on only with the version that began it; install that one, or `gridfleet replay` the "
            "journal to see where they differ"
        )
    if header.code != code_fingerprint():
        raise JournalError(
            f"{path} was written by other code of version {header.version}: a run goes on only "
            "with the code that began it; get that code back, or `gridfleet replay` the journal to "
            "see where they differ"
        )


def own_version() -> str:
    return version("gridfleet")


@cache
def code_fingerprint() -> str:
    """Of all source files of this program."""
    digest = blake2b(digest_size=16)
    for package in PACKAGES:
        for name, source in sorted(_sources(files(package), package)):
            digest.update(name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _sources(entry, f"{name}/{entry.name}")
        elif entry.name.endswith(".py"):
            yield f"{name}/{entry.name}", entry


def fingerprints(scenario: Scenario, layout: Layout) -> dict[str, str]:
    """Of the floor, however it is written down, and of the files that the scenario names.

    Raises JournalError for a file that cannot be read."""
    found = {"floor": _of_floor(layout)}
    if scenario.order_file:
        found["orders"] = _of_file(Path(scenario.order_file))
    if scenario.stock.file:
        found["stock"] = _of_file(Path(scenario.stock.file))
    if scenario.faults:
        found["faults"] = _of_file(Path(scenario.faults))
    if scenario.guidance_file:
        found["guidance"] = _of_file(Path(scenario.guidance_file))
    return found


def _of_floor(layout: Layout) -> str:
    digest = blake2b(digest_size=16)
    digest.update(f"{layout.n_rows} {layout.n_cols} {layout.cell_size_m!r}".encode())
    for array in (layout.kinds, layout.exits, layout.edge_costs):
        digest.update(np.ascontiguousarray(array).tobytes())
    words = [repr(station) for station in layout.stations]
    words += [f"{name} {layout.zones[name]}" for name in sorted(layout.zones)]
    words.append(str(layout.recommended_units))
    digest.update("\n".join(words).encode())
    return digest.hexdigest()


def _of_file(path: Path) -> str:
    try:
        return blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from None

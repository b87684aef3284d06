"""What an emulator counts, for its progress line and its summary."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from gridfleet.clock import as_clock
from gridfleet.emulator.fleet import EmulatedFleet


@dataclass(frozen=True, slots=True)
class Figures:
    """time_s: of the fleet. contacts: so many times have bodies touched. connected: units that are.
    refused: messages that agents and terminals did not take. dropped: messages not sent, since the
    controller was not there. cells: driven. lost_s: by which the clock has fallen behind."""

    time_s: float
    units: int
    stations: int
    connected: int
    stations_connected: int
    moving: int
    with_fault: int
    contacts: int
    cells: int
    lines: int
    wrong_scans: int
    sent: int
    received: int
    dropped: int
    refused: int
    malformed: int
    lost_s: float

    def as_json(self) -> dict[str, float | int]:
        return asdict(self)

    def short(self) -> str:
        """One line for a terminal."""
        parts = [
            f"{as_clock(self.time_s)} h", f"{self.connected} of {self.units} units connected",
            f"{self.moving} moving", f"{self.lines:,} lines done", f"{self.contacts} contacts",
        ]  # fmt: skip
        if self.with_fault:
            parts.insert(3, f"{self.with_fault} with a fault")
        if self.lost_s > 0.0:
            parts.append(f"{self.lost_s:.1f} s behind")
        return "  ".join(parts)

    def lines_of_text(self) -> list[str]:
        """The summary."""
        return [
            f"time            {as_clock(self.time_s)} h",
            f"units           {self.units} ({self.connected} connected at the end)",
            f"stations        {self.stations} ({self.stations_connected} connected at the end)",
            f"contacts        {self.contacts}",
            f"cells driven    {self.cells:,}",
            f"lines done      {self.lines:,}",
            f"wrong scans     {self.wrong_scans:,}",
            f"messages        {self.sent:,} sent, {self.received:,} received",
            f"not sent        {self.dropped:,}, while the controller was not there",
            f"not taken       {self.refused:,}, and {self.malformed:,} that made no sense",
            f"clock           {self.lost_s:.1f} s behind",
        ]


def figures_of(fleet: EmulatedFleet, lost_s: float = 0.0) -> Figures:
    floor, sockets, terminals = fleet.floor, fleet.sockets, fleet.stations.terminals
    units, n_units = floor.twin.units, fleet.n_units
    refused = sum(sum(agent.refused.values()) for agent in fleet.units.agents)
    return Figures(
        time_s=floor.time_s,
        units=n_units,
        stations=len(terminals),
        connected=int(sockets.is_up[:n_units].sum()),
        stations_connected=int(sockets.is_up[n_units:].sum()),
        moving=int((units["speed"] != 0.0).sum()),
        with_fault=int((units["fault"] != 0).sum()),
        contacts=floor.twin.n_contacts,
        cells=floor.cells_driven,
        lines=sum(terminal.n_finished for terminal in terminals),
        wrong_scans=sum(terminal.n_refusals for terminal in terminals),
        sent=int(sockets.n_sent.sum()),
        received=int(sockets.n_taken.sum()),
        dropped=sockets.n_dropped,
        refused=refused + sum(terminal.n_refused_frames for terminal in terminals),
        malformed=sockets.n_malformed,
        lost_s=lost_s,
    )

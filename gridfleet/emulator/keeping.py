"""Writes the truth of the floor to its folder after each step, and takes it up again."""

from __future__ import annotations

import numpy as np

from gridfleet.emulator.floor import Floor
from gridfleet.emulator.saved_floor import LABEL_BYTES, SavedFloor
from twin.floor.step_kernels import RING


class Keeper:
    def __init__(self, saved: SavedFloor) -> None:
        self.saved = saved
        self._labels: list[str] = []
        self._label_bytes = np.empty(0, dtype=f"S{LABEL_BYTES}")

    def keep(self, floor: Floor) -> None:
        """Everything as it is now; what was kept before counts until all of it is written."""
        half, twin = self.saved.begin(), floor.twin
        done = twin.units["done"]
        rows = np.arange(floor.n_units)
        half["time_s"] = floor.time_s
        half["units"][:] = twin.units
        for column in (0, 1):
            half["cells"][:, column] = twin.step_cells[rows, (done + column) % RING]
        half["is_off"][:], half["charge"][:] = twin.is_off, floor.batteries.charge
        half["pods"][:] = twin.pod_cells()
        half["labels"][:] = self._encoded(floor.labels)
        self.saved.commit()

    def _encoded(self, labels: list[str]) -> np.ndarray:
        if labels != self._labels:
            self._labels = list(labels)
            self._label_bytes = np.array(
                [label.encode() for label in labels], dtype=f"S{LABEL_BYTES}"
            )
        return self._label_bytes

    def take_up(self, floor: Floor) -> None:
        """Everything stands where it stood; all units have been switched off and on."""
        latest = self.saved.latest
        floor.twin.restore(
            latest["units"], latest["cells"], latest["pods"], latest["is_off"],
            float(latest["time_s"]),
        )  # fmt: skip
        floor.batteries.charge[:] = latest["charge"]
        floor.labels[:] = [label.decode() for label in latest["labels"].tolist()]

    def close(self) -> None:
        self.saved.close()

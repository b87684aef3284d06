"""Recorded poses of a run, read back a block at a time: where everything was at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gridfleet.clock import as_clock
from gridfleet.poses.recording import SET_DOWN, STATES
from gridfleet.run_folder import POSES, is_run
from layouts import GridfleetError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BLOCK_S = 60.0
MARGIN_S = 5.0
"""Rows of so much time are in memory at once, and some more at both ends for who looks around."""
_COLUMNS = "time_s, unit, pod, x_m, y_m, yaw_rad, list_position({names}, state) - 1 as state, lift"


class PosesError(GridfleetError, OSError):
    """A run whose poses cannot be read; the text names the cure."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """Where everything is at time_s. World frame, metres and radians.

    units: int[k], those on the floor, ascending. poses: float64[k, 3] x, y, yaw. states: uint8[k],
    index into STATES. pods: int[k], the one carried or -1. lifts: float64[k], 0 down to 1 up.
    standing: int[m], pods that stand on the floor. standing_poses: float64[m, 3].
    """

    time_s: float
    units: NDArray[np.int64]
    poses: NDArray[np.float64]
    states: NDArray[np.uint8]
    pods: NDArray[np.int64]
    lifts: NDArray[np.float64]
    standing: NDArray[np.int64]
    standing_poses: NDArray[np.float64]


class Poses:
    """The poses of a run folder. times: float64[n], of all samples, ascending, at least one.
    n_units: of the run, as far as they were ever on the floor.

    Raises PosesError where there is no such run, it has no poses, or they cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = _poses_of(folder)
        self._connection = _connect()
        self.times: NDArray[np.float64] = self._query(
            "select distinct time_s from poses where unit >= 0 order by all"
        )["time_s"]
        self.n_units = int(self._query("select max(unit) + 1 as n from poses")["n"][0])
        self._pods = self._rows("unit < 0", ())
        if not len(self.times):
            raise PosesError(f"{self._path}: no unit was ever on the floor; there is no picture")
        self._block: dict[str, NDArray[Any]] = {}
        self._from_s = self._to_s = -np.inf

    @property
    def first_s(self) -> float:
        return float(self.times[0])

    @property
    def last_s(self) -> float:
        return float(self.times[-1])

    def check_time(self, time_s: float) -> None:
        """Raises PosesError for a time at which nothing was recorded."""
        if not self.first_s <= time_s <= self.last_s:
            first, last = as_clock(self.first_s), as_clock(self.last_s)
            raise PosesError(
                f"{as_clock(time_s)} is outside the run, whose poses are of {first} to {last}"
            )

    def moment(self, time_s: float) -> Moment:
        """Where everything is: between the sample before and the one after."""
        time_s = min(max(time_s, self.first_s), self.last_s)
        before = int(np.searchsorted(self.times, time_s + 1e-9, side="right")) - 1
        after = min(before + 1, len(self.times) - 1)
        if not self._from_s <= time_s <= self._to_s:
            self._load(time_s)
        a, b = self._sample(before), self._sample(after)
        span_s = float(self.times[after] - self.times[before])
        share = (time_s - float(self.times[before])) / span_s if span_s > 0 else 0.0
        pods, pod_poses = self._standing(float(self.times[before]))
        return Moment(
            time_s, a["unit"].astype(np.int64), _between(a, b, share),
            a["state"].astype(np.uint8), a["pod"].astype(np.int64), _lifts(a, b, share), pods,
            pod_poses,
        )  # fmt: skip

    def _load(self, time_s: float) -> None:
        """The block that the time is in, from the sample before it to the one after."""
        self._from_s, self._to_s = time_s - MARGIN_S, time_s + BLOCK_S
        first = max(int(np.searchsorted(self.times, self._from_s, side="right")) - 1, 0)
        last = min(int(np.searchsorted(self.times, self._to_s)) + 1, len(self.times) - 1)
        ends = float(self.times[first]), float(self.times[last])
        self._block = self._rows("unit >= 0 and time_s between ? and ?", ends)

    def _sample(self, index: int) -> dict[str, NDArray[Any]]:
        ends = np.searchsorted(self._block["time_s"], self.times[index] + np.array([-1e-6, 1e-6]))
        return {name: column[ends[0] : ends[1]] for name, column in self._block.items()}

    def _standing(self, time_s: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Pods whose last row until then says that they stand, and where."""
        n_rows = int(np.searchsorted(self._pods["time_s"], time_s + 1e-6))
        pods, newest_first = np.unique(self._pods["pod"][:n_rows][::-1], return_index=True)
        rows = n_rows - 1 - newest_first
        stands = self._pods["state"][rows] == SET_DOWN
        return pods[stands].astype(np.int64), _pose_columns(self._pods)[rows[stands]]

    def _rows(self, which: str, values: tuple[float, ...]) -> dict[str, NDArray[Any]]:
        columns = _COLUMNS.format(names=list(STATES))
        return self._query(f"select {columns} from poses where {which} order by 1, 2, 3", values)

    def _query(self, text: str, values: tuple[float, ...] = ()) -> dict[str, NDArray[Any]]:
        import duckdb

        quoted = str(self._path).replace("'", "''")
        sql = text.replace("from poses", f"from read_parquet('{quoted}')")
        try:
            columns: dict[str, NDArray[Any]] = self._connection.execute(sql, values).fetchnumpy()
        except duckdb.Error as error:
            first = str(error).splitlines()[0]
            raise PosesError(f"{self._path}: cannot be read: {first}; run it again") from None
        return columns


def _connect() -> DuckDBPyConnection:
    import duckdb

    return duckdb.connect(config={"threads": 1})


def _poses_of(folder: Path) -> Path:
    if not is_run(folder):
        what = "is no run" if folder.exists() else "does not exist"
        raise PosesError(f"{folder} {what}; name the result folder of gridfleet simulate")
    path = folder / POSES
    if not path.is_file():
        raise PosesError(
            f"{folder} was run without poses; run it again with them: gridfleet simulate "
            f"--scenario {folder} --poses 10 --out {folder}-poses"
        )
    return path


def _pose_columns(rows: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    columns = [np.asarray(rows[name], dtype=np.float64) for name in ("x_m", "y_m", "yaw_rad")]
    return np.column_stack(columns)


def _between(
    a: dict[str, NDArray[Any]], b: dict[str, NDArray[Any]], share: float
) -> NDArray[np.float64]:
    """float64[k, 3], poses of the units in a, on the shorter way to those in b where they are."""
    here = _pose_columns(a)
    is_in, rows = _partners(a, b)
    way = _pose_columns(b)[rows] - here[is_in]
    way[:, 2] = (way[:, 2] + np.pi) % (2 * np.pi) - np.pi
    here[is_in] += share * way
    return here


def _lifts(
    a: dict[str, NDArray[Any]], b: dict[str, NDArray[Any]], share: float
) -> NDArray[np.float64]:
    lifts = np.asarray(a["lift"], dtype=np.float64)
    is_in, rows = _partners(a, b)
    lifts[is_in] += share * (np.asarray(b["lift"], dtype=np.float64)[rows] - lifts[is_in])
    return lifts


def _partners(
    a: dict[str, NDArray[Any]], b: dict[str, NDArray[Any]]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which units of a are in b, and in which rows."""
    is_in = np.isin(a["unit"], b["unit"])
    return is_in, np.searchsorted(b["unit"], a["unit"][is_in])

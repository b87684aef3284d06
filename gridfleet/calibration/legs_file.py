"""Reads legs.parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gridfleet.calibration.errors import CalibrationError
from gridfleet.run_folder import RESOLUTION
from gridfleet.typed_files import suggest
from twin.legs import LegKind, Legs
from twin.legs.legs import COLUMNS

_KINDS = {kind.name.lower(): kind for kind in LegKind}


def read_legs(path: Path) -> Legs:
    """Raises CalibrationError for a file that holds no legs."""
    import duckdb

    quoted = str(path).replace("'", "''")
    try:
        with duckdb.connect(config={"threads": 1}) as connection:
            found = connection.execute(f"select * from read_parquet('{quoted}')").fetchnumpy()
            said = connection.execute(
                f"select decode(key), decode(value) from parquet_kv_metadata('{quoted}')"
            ).fetchall()
    except (duckdb.Error, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CalibrationError(f"{path} cannot be read: {reason}") from None
    missing = [name for name in COLUMNS if name not in found]
    resolution = dict(said).get(RESOLUTION)
    if missing or resolution is None:
        what = f"no column {missing[0]!r}" if missing else f"no word of its {RESOLUTION}"
        raise CalibrationError(f"{path} is no file of legs: {what}; simulate --legs makes one")
    unknown = sorted(set(np.unique(found["kind"]).tolist()) - set(_KINDS))
    if unknown:
        raise CalibrationError(
            f"{path}: unknown kind {unknown[0]!r}; {suggest(unknown[0], _KINDS)}"
        )
    kinds = np.array([_KINDS[name] for name in found["kind"].tolist()], dtype=np.int8)
    return Legs(
        unit=found["unit"].astype(np.int32), kind=kinds,
        is_laden=found["is_laden"].astype(np.bool_), begin_s=found["begin_s"].astype(np.float64),
        end_s=found["end_s"].astype(np.float64), length=found["length"].astype(np.float64),
        cell=found["cell"].astype(np.int32), is_free=found["is_free"].astype(np.bool_),
        resolution_s=float(resolution),
    )  # fmt: skip

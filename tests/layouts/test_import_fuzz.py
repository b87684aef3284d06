"""Broken files of other programs: a floor or one clear refusal, never anything else."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from xinst_samples import instance

from layouts import LayoutError, load
from layouts.guidance import guidance_text
from layouts.kiva_write import kiva_text
from layouts.lif_write import lif_text
from layouts.native import parse_native

FLOOR = """
edge_costs = [{ rows = 1, cols = "1-4", heading = "east", cost = 1.5 }]
map = '''
......C
.PPPP..
.......
q.K....
S.#####
'''
"""
STRANGE = ["-1", "0", "1e308", "-1e308", "1e999", "nan", "NaN", "99999999999999999999", "0.25",
           "null", '""', "[]", "{}", "x", "true", ""]  # fmt: skip


def samples() -> dict[str, str]:
    floor = parse_native(FLOOR, "floor")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "a.xinst": instance(),
        "a.lif": lif_text(floor, at, Path("a.lif")),
        "a.json": kiva_text(floor),
        "a.csv": guidance_text(floor),
    }


def broken(text: str, rng: np.random.Generator) -> str:
    """The text with one to three things wrong."""
    for _ in range(int(rng.integers(1, 4))):
        at, end = sorted(rng.integers(0, len(text) + 1, size=2).tolist())
        how = int(rng.integers(5))
        if how == 0:
            text = text[:at]
        elif how == 1:
            text = text[:at] + text[min(end, at + 40) :]
        elif how == 2:
            text = text[:at] + text[at:end][:200] + text[at:]
        else:
            values = [*re.finditer(r"-?\d+(\.\d+)?|\"[\w-]*\"|true|false", text)]
            if values:
                value = values[int(rng.integers(len(values)))]
                text = text[: value.start()] + str(rng.choice(STRANGE)) + text[value.end() :]
    return text


@pytest.mark.parametrize("name", ["a.xinst", "a.lif", "a.json", "a.csv"])
def test_broken_files_are_refused_with_their_names(name: str, tmp_path: Path) -> None:
    text, path = samples()[name], tmp_path / name
    for seed in range(150):
        path.write_text(broken(text, np.random.default_rng(seed)), encoding="utf-8")
        faults = faults_of(path, seed)
        assert all(str(path) in fault for fault in faults), f"seed {seed}: {faults}"
        assert len(faults) <= 60, f"seed {seed}"


def faults_of(path: Path, seed: int) -> list[str]:
    try:
        load(path)
    except LayoutError as error:
        return error.faults
    except Exception as error:
        pytest.fail(f"seed {seed}: {type(error).__name__}: {error}")
    return []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deep.lif", '{"metaInformation":' * 100_000),
        ("deep.json", '{"layout":' * 100_000),
        ("list.lif", json.dumps([1, 2])),
        ("none.lif", "null"),
        ("bombs.xinst", '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
         + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi",
                                                                     strict=True))
         + "]><Instance Name='&i;'/>"),
    ],
)  # fmt: skip
def test_files_made_to_break_a_reader(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(LayoutError, match=re.escape(name)):
        load(tmp_path / name)


def test_the_samples_are_sound(tmp_path: Path) -> None:
    for name, text in samples().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert load(tmp_path / name).n_cells > 20

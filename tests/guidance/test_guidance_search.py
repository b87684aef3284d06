"""The search: what it tries, keeps and proves; trials are a formula here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gridfleet.experiments.engine import Campaign, Here, Progress, Store
from gridfleet.guidance.errors import GuidanceError
from gridfleet.guidance.search import Ask, Found, Watch, search
from gridfleet.guidance.telling import figures_of, sentences
from gridfleet.guidance.trials import Ground, Trial, ground_for
from layouts import load

GROUND = Ground(layout="teaching", units=20, planner="pibt", steps=100, scenario=None, digest="")
BEST = 3.0
"""Of every figure of the formula."""
calls: list[Trial] = []


def formula(data: bytes) -> bytes:
    """100 for none, 90 for lanes; down to 80, with noise by seed."""
    trial = msgspec.msgpack.decode(data, type=Trial)
    calls.append(trial)
    noise = np.random.default_rng(trial.seed).normal()
    if trial.guidance:
        return np.float64({"none": 100.0, "lanes": 90.0}[trial.guidance] + noise).tobytes()
    distance = np.abs(np.array(trial.figures[:2]) - BEST).mean()
    return np.float64(80.0 + 4.0 * distance + noise).tobytes()


def hopeless(_data: bytes) -> bytes:
    return np.float64(np.inf).tobytes()


def found_by(
    ask: Ask, function: Callable[[bytes], bytes] = formula, store: Store | None = None,
    stop_after: int = 10**9,
) -> Found:  # fmt: skip
    calls.clear()

    def show(_what: str, _news: Progress) -> None:
        pass

    watch = Watch(show, lambda: len(calls) >= stop_after, lambda: False)
    with Here(function) as executor:
        return search(load("teaching"), GROUND, ask, Campaign(executor, store), watch)


def test_the_search_comes_near_the_best_and_proves_it() -> None:
    found = found_by(Ask(200, seed=1))
    assert found.best is not None
    assert np.abs(found.best[:2] - BEST).mean() < 1.0
    gain = found.gain("none")
    assert gain is not None
    assert 14.0 < gain.low < gain.mean < gain.high < 21.0
    told = list(sentences(load("teaching"), GROUND, found))
    assert "% less (" in told[0]
    assert "no guidance: " in told[1]


def test_the_same_seed_gives_the_same_figures() -> None:
    ask = Ask(30, seed=4)
    first, again = (figures_of(load("teaching"), GROUND, ask, found_by(ask)) for _ in range(2))
    assert first == again


def test_seeds_of_the_verdict_have_chosen_nothing() -> None:
    ask = Ask(12, seed=2)
    found_by(ask)
    of_proof = {trial.seed for trial in calls if trial.guidance}
    assert of_proof == set(ask.seeds(2))
    assert not of_proof & {*ask.seeds(0), *ask.seeds(1)}
    assert not set(ask.seeds(2)) & set(Ask(12, seed=3).seeds(0))


def test_a_search_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    ask, store = Ask(30, seed=5), Store(tmp_path / "tried", "program")
    whole = found_by(ask)
    n_whole = len(calls)
    cut = found_by(ask, store=store, stop_after=40)
    assert cut.is_cut
    assert cut.best is not None
    assert not cut.proof
    on = found_by(ask, store=store)
    assert len(calls) == n_whole - 40
    assert not on.is_cut
    assert on.best is not None
    assert whole.best is not None
    assert np.array_equal(on.best, whole.best)


def test_whoever_stops_it_in_the_first_generation_gets_the_best_of_that() -> None:
    found = found_by(Ask(10), stop_after=5)
    assert found.is_cut
    assert len(found.tried) == 2
    assert found.best is not None


def test_stopped_before_anything_was_tried() -> None:
    found = found_by(Ask(10), stop_after=1)
    assert found.is_cut
    assert found.best is None
    assert next(sentences(load("teaching"), GROUND, found)).startswith("interrupted before")


def test_floors_on_which_nothing_is_done() -> None:
    with pytest.raises(GuidanceError, match="no task was done"):
        found_by(Ask(5), hopeless)


def test_bad_wishes() -> None:
    with pytest.raises(GuidanceError, match="0 evaluations are none"):
        Ask(0)
    with pytest.raises(GuidanceError, match="did you mean 'pibt'"):
        ground_for("teaching", 0, "pipt", 0.2, 100)
    with pytest.raises(GuidanceError, match="give more than 0"):
        ground_for("teaching", 5, "pibt", 0.0, 100)

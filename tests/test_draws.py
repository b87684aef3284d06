"""Random numbers by entity: the same for one entity whoever asks, when, and after whom."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from fleet_control.draws import Normals, Uniforms, stream


@pytest.mark.parametrize("kind", [Uniforms, Normals])
def test_a_number_belongs_to_its_entity(kind: type[Uniforms]) -> None:
    draws, rng = kind(3, 0xAB, 1), np.random.default_rng(0)
    entities = rng.integers(3_000, size=500)
    one_by_one = [draws.of(entity) for entity in entities.tolist()]
    assert kind(3, 0xAB, 1).of_all(entities).tolist() == one_by_one
    assert kind(3, 0xAB, 1).of(int(entities[-1])) == one_by_one[-1]
    assert pickle.loads(pickle.dumps(draws)).of_all(entities).tolist() == one_by_one
    assert len(pickle.dumps(draws)) < 200, "numbers in a snapshot"
    assert draws.of_all(entities[:0]).shape == (0,)


def test_numbers_are_spread_as_they_should_be() -> None:
    entities = np.arange(50_000)
    uniforms, normals = Uniforms(1, 2).of_all(entities), Normals(1, 2).of_all(entities)
    assert ((uniforms >= 0) & (uniforms < 1)).all()
    assert uniforms.mean() == pytest.approx(0.5, abs=0.01)
    assert normals.mean() == pytest.approx(0.0, abs=0.02)
    assert normals.std() == pytest.approx(1.0, abs=0.02)
    neighbours = np.corrcoef(normals[:-256], normals[256:])[0, 1]
    assert abs(neighbours) < 0.02, "blocks depend on each other"


def test_keys_name_different_streams() -> None:
    keys = [(1,), (1, 0), (1, 0, 0), (2,), (0, 1)]
    firsts = {float(stream(5, *key).random()) for key in keys}
    firsts |= {float(stream(seed, 1).random()) for seed in (6, 5 + 2**32, 5 + 2**64)}
    assert len(firsts) == len(keys) + 3
    assert Uniforms(5, 1).of(2**31 - 1) != Uniforms(5, 1).of(2**31 - 257)

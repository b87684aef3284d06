"""Whatever happens to units, link and controller: nobody is, or may go, where another one holds.

Random worlds from seeds, each under an eye that shares no code with the courier (keeper.py). When
the trouble is over, everything that is still open gets done.
"""

from __future__ import annotations

import pytest
from keeper import Keeper, Trouble

from twin.link import Noise

N_CYCLES = 300
QUIET = Noise()


@pytest.mark.parametrize("seed", range(12))
def test_in_any_trouble(seed: int) -> None:
    keeper = Keeper(seed)
    keeper.run(N_CYCLES)
    assert keeper.n_done > 5, f"seed {seed}"


@pytest.mark.parametrize("seed", range(100, 106))
def test_with_units_carried_off_and_put_back_elsewhere(seed: int) -> None:
    Keeper(seed, trouble=Trouble(carry=0.01)).run(N_CYCLES)


@pytest.mark.parametrize("seed", range(200, 204))
def test_with_many_cancels_on_a_very_bad_link(seed: int) -> None:
    noise = Noise(loss=0.4, duplicate=0.4, delay_s=1.5, reorder=0.5)
    Keeper(seed, trouble=Trouble(cancel=0.05, reboot=0.01, noise=noise)).run(N_CYCLES)


@pytest.mark.parametrize("seed", range(300, 303))
def test_on_a_perfect_link(seed: int) -> None:
    trouble = Trouble(cancel=0.03, pause=0.03, reboot=0.01, kill=0.02, noise=QUIET)
    Keeper(seed, trouble=trouble).run(N_CYCLES)

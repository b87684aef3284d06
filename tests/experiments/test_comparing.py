"""The procedure of a comparison on made-up outcomes whose true differences are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_outcomes import campaign_of, draw, line_of, made, noisy

from gridfleet.experiments.comparing import Ask, Runs, run_comparison
from gridfleet.experiments.comparison import Comparison, analyse
from gridfleet.experiments.engine import Progress
from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.replication import Job, Outcome
from gridfleet.experiments.statistics import (
    bonferroni,
    minimum_detectable_effect,
    power,
    stein_interval,
)
from gridfleet.experiments.variants import SHIFT
from gridfleet.experiments.verdict import at_least, remarks, verdict
from layouts import GridfleetError

Make = Callable[[Job], Outcome]
PILOTS = 10


def _compare(make: Make, *names: str, kind: str = SHIFT, **keys: Any) -> Runs:
    return run_comparison(
        line_of(*(names or ("a", "b")), kind=kind),
        Ask(**{"pilots": PILOTS, **keys}),
        campaign_of(make),
    )


def _told(found: Comparison) -> str:
    return "\n".join(remarks(found))


# ---------------------------------------------------------------------- effects and pairs


def test_a_true_difference_is_found_with_its_interval() -> None:
    runs = _compare(noisy({"a": 20.0, "b": 21.0}, own=0.1))
    found = analyse(runs)
    (effect,) = found.main
    figures = runs.figures("output_per_hour")
    by_hand = stein_interval(figures[1] - figures[0], 10, 0.95)
    assert effect.difference.mean == pytest.approx((figures[1] - figures[0]).mean())
    assert (effect.difference.low, effect.difference.high) == (by_hand.low, by_hand.high)
    assert by_hand.contains(60.0)
    assert effect.is_sure
    assert effect.is_better == 1
    assert effect.percent is not None
    assert effect.percent.mean == pytest.approx(100.0 * effect.difference.mean / effect.base)
    assert verdict(found).startswith("b has 5.")
    assert "more lines an hour than a" in verdict(found)


def test_less_is_better_where_it_is_so() -> None:
    """Orders of the second take 60 s less, which is better, and is said so."""

    def make(job: Job) -> Outcome:
        cycle_s = 600.0 - 60.0 * (job.variant == "b") + draw(job.seed, job.variant).normal()
        return made(job.variant, job.seed, cycle_s=cycle_s)

    found = analyse(_compare(make, measure="cycle_time_mean_s"))
    (effect,) = found.main
    assert effect.difference.mean == pytest.approx(-60.0, abs=2.0)
    assert effect.is_better == 1
    assert "10.0 % less order cycle" in verdict(found)


def test_pilot_runs_alone_fix_the_number_of_pairs() -> None:
    """Stein's rule by hand on the differences of the pilot, whatever the rest turns out to be."""
    make = noisy({"a": 20.0, "b": 20.0}, own=0.3)
    runs = _compare(make, precision=0.01, pilots=6, most=200)
    pilot = runs.figures("output_per_hour")[:, :6]
    half_width = 0.01 * pilot[0].mean()
    t = 2.570581836  # 5 degrees of freedom, 97.5 %
    wanted = math.ceil((t * (pilot[1] - pilot[0]).std(ddof=1) / half_width) ** 2)
    assert runs.n_wanted == max(6, wanted)
    assert runs.seeds == list(range(runs.n_wanted))
    assert analyse(runs).reached == pytest.approx(1.0, rel=0.2)


def test_pairing_takes_out_what_seeds_have_in_common() -> None:
    found = analyse(_compare(noisy({"a": 20.0, "b": 20.5}, common=3.0, own=0.1), most=10))
    assert found.variance_ratio is not None
    assert found.variance_ratio < 0.02
    assert found.detectable_percent is not None
    assert found.detectable_percent < 1.0


@pytest.mark.parametrize("n", [3, 4, 10])
def test_few_pairs_and_many_variants_have_a_detectable_difference(n: int) -> None:
    """Far out, where the other tail of noncentral t cannot be reckoned any more."""
    for k in (1, 4, 5, 20):
        confidence = bonferroni(0.95, k)
        effect = minimum_detectable_effect(1.0, n, confidence)
        assert power(effect, 1.0, n, confidence) == pytest.approx(0.8, abs=1e-6)
        assert power(10.0 * effect, 1.0, n, confidence) > 0.999


def test_seeds_follow_the_first_one() -> None:
    runs = _compare(noisy({"a": 20.0, "b": 20.0}), seed=100, pilots=4, most=4)
    assert runs.seeds == [100, 101, 102, 103]


def test_a_question_that_the_pilot_answers_takes_no_more() -> None:
    make = noisy({"a": 20.0, "b": 21.0, "c": 19.0}, own=0.3)
    runs = _compare(make, "a", "b", "c", precision=0.001, question=0.02)
    found = analyse(runs)
    assert (runs.is_answered, len(found.seeds)) == (True, 10)
    assert list(at_least(found, 2.0)) == [
        "Is b better by 2 % or more? Yes.", "Is c better by 2 % or more? No."
    ]  # fmt: skip
    assert "10 replications of each answer the question, so no more were run" in _told(found)
    figures = runs.figures("output_per_hour")
    each = bonferroni(0.99, 2)  # a fifth of the error for this look
    by_hand = stein_interval(figures[1] - figures[0], 10, each)
    assert found.main[0].difference.low == pytest.approx(by_hand.low)


def test_a_question_that_the_pilot_leaves_open_goes_on() -> None:
    make = noisy({"a": 20.0, "b": 20.4}, own=0.3)
    runs = _compare(make, precision=0.005, question=0.02)
    found = analyse(runs)
    assert not runs.is_answered
    assert len(found.seeds) > 10
    figures = runs.figures("output_per_hour")
    by_hand = stein_interval(figures[1] - figures[0], 10, 0.96)
    assert found.main[0].difference.low == pytest.approx(by_hand.low)
    assert "was asked for" in _told(found)


def test_equal_outcomes_take_no_more_than_the_pilot() -> None:
    found = analyse(_compare(lambda job: made(job.variant, job.seed), most=40))
    assert len(found.seeds) == 10
    assert verdict(found).startswith("No difference in lines an hour between b and a can be told")


def test_what_is_reported_on_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[str, int, int]] = []

    def tell(what: str, news: Progress) -> None:
        told.append((what, news.done, news.total))

    make = noisy({"a": 20.0, "b": 20.0}, own=0.3)
    ask = Ask(precision=0.01, pilots=4, most=6)
    run_comparison(line_of("a", "b", kind=SHIFT), ask, campaign_of(make), tell)
    assert told[:1] == [("pilot runs", 0, 8)]
    assert told[-1] == ("replications", 4, 4)
    told.clear()
    run_comparison(line_of("a", "b", kind=SHIFT), Ask(precision=0.9), campaign_of(make), tell)
    assert {what for what, _, _ in told} == {"pilot runs"}, "nothing more to run, nothing to tell"
    assert capsys.readouterr().out == ""


# ---------------------------------------------------------------------- nominal rates


def test_no_difference_is_mistaken_for_one_at_the_nominal_rate() -> None:
    """A against A, 300 experiments at 90 %: false alarms within four standard errors of 10 %, and
    the interval covers the truth as often as it says, with pairs added after the pilot."""
    n, alarms, covers = 300, 0, 0
    for experiment in range(n):
        make = noisy({"a": 20.0, "b": 20.0}, own=0.2, n_minutes=5, experiment=experiment)
        runs = _compare(make, precision=0.02, pilots=4, most=30, confidence=0.9)
        figures = runs.figures("output_per_hour")
        interval = stein_interval(figures[1] - figures[0], runs.n_pilots, 0.9)
        alarms += not interval.contains(0.0)
        covers += interval.contains(0.0)
    error = math.sqrt(0.1 * 0.9 / n)
    assert abs(alarms / n - 0.1) < 4.0 * error, f"{alarms} of {n}"
    assert alarms + covers == n


# ---------------------------------------------------------------------- warm-up


def _warming(ends: dict[str, int], n_minutes: int = 120) -> Make:
    def make(job: Job) -> Outcome:
        lines = 20.0 + draw(job.seed, job.variant).normal(size=n_minutes)
        lines[: ends[job.variant]] = 0.0
        return made(job.variant, job.seed, n_minutes=n_minutes, lines=lines)

    return make


def test_the_warm_up_is_that_of_the_slowest() -> None:
    runs = _compare(_warming({"a": 5, "b": 30}), kind="steady", pilots=4, most=4)
    assert (runs.warm_up, runs.is_warm) == (30, True)
    figures = runs.figures("output_per_hour")
    assert figures == pytest.approx(1200.0, abs=30.0)
    assert "the first 30 are left out as warm-up" in _told(analyse(runs))


def test_whole_runs_have_no_warm_up() -> None:
    runs = _compare(_warming({"a": 5, "b": 30}), kind=SHIFT, pilots=4, most=4)
    assert runs.warm_up == 0
    assert "from an empty start" in _told(analyse(runs))


def test_a_floor_that_never_settles_is_said() -> None:
    def make(job: Job) -> Outcome:
        return made(job.variant, job.seed, n_minutes=60, lines=np.linspace(0.0, 30.0, 60))

    found = analyse(_compare(make, kind="steady", pilots=4, most=4))
    assert not found.is_warm
    assert "had not settled by then, give more --hours" in _told(found)


def test_runs_too_short_for_a_warm_up_are_refused_before_they_run() -> None:
    def never(job: Job) -> Outcome:
        raise AssertionError("nothing must run")

    line = line_of("a", "b", hours=0.5)
    with pytest.raises(ExperimentError, match=r"30 minutes.*--hours 0\.9.*--kind shift"):
        run_comparison(line, Ask(), campaign_of(never))


# ---------------------------------------------------------------------- failures and jams


def test_a_seed_that_fails_in_one_variant_is_left_out_in_all() -> None:
    good = noisy({"a": 20.0, "b": 21.0})

    def make(job: Job) -> Outcome:
        if job.variant == "b" and job.seed == 2:
            raise GridfleetError("the floor is gone")
        return good(job)

    runs = _compare(make, pilots=5, most=5)
    assert runs.seeds == [0, 1, 3, 4]
    assert runs.n_pilots == 4
    found = analyse(runs)
    assert [effect.n for effect in found.main] == [4]
    assert "b with seed 2 failed and is left out: the floor is gone" in _told(found)
    assert [side.jams for side in found.sides] == [0, 0], "what cannot be run is no jam"


def test_a_run_that_broke_is_a_jam_and_its_seed_is_left_out() -> None:
    good = noisy({"a": 20.0, "b": 21.0})

    def make(job: Job) -> Outcome:
        if job.variant == "b" and job.seed == 2:
            return made("b", 2, n_minutes=12, failure="units 1 and 2 touch")
        return good(job)

    found = analyse(_compare(make, pilots=5, most=5))
    assert found.seeds == (0, 1, 3, 4)
    assert [(side.jams, side.n_tried) for side in found.sides] == [(0, 4), (1, 5)]
    assert "b jammed in 1 of 5 runs (" in _told(found)


def test_jams_come_with_the_interval_of_their_probability() -> None:
    def make(job: Job) -> Outcome:
        jams = job.variant == "b" and job.seed < 5
        return made(job.variant, job.seed, columns={"tasks": 0.0 if jams else 8.0})

    found = analyse(_compare(make))
    assert [side.jams for side in found.sides] == [0, 5]
    share = found.sides[1].jam_share
    assert (share.low, share.high) == (
        pytest.approx(0.187, abs=1e-3),
        pytest.approx(0.813, abs=1e-3),
    )
    assert _told(found).startswith("b jammed in 5 of 10 runs (19% to 81%, 95% sure).")


@pytest.mark.parametrize("n_left", [0, 1])
def test_an_experiment_of_failures_says_the_first(n_left: int) -> None:
    def make(job: Job) -> Outcome:
        if job.variant == "b" and job.seed >= n_left:
            raise GridfleetError("no such floor")
        return made(job.variant, job.seed)

    with pytest.raises(ExperimentError, match=f"b with seed {n_left}: no such floor"):
        _compare(make, pilots=4, most=4)


def test_a_figure_that_no_run_has_is_refused() -> None:
    def make(job: Job) -> Outcome:
        return made(job.variant, job.seed, work="errands", columns={"errands": 3.0})

    with pytest.raises(ExperimentError, match=r"0 of 10 seeds have orders_per_hour .*--kpi"):
        _compare(make, measure="orders_per_hour")
    assert analyse(_compare(make)).main[0].words == "errands an hour"


# ---------------------------------------------------------------------- budgets


def test_a_budget_of_replications_is_said() -> None:
    found = analyse(_compare(noisy({"a": 20.0, "b": 20.0}), precision=0.001, pilots=5, most=8))
    assert len(found.seeds) == 8
    assert found.n_wanted is not None
    assert found.n_wanted > 8
    assert found.reached is not None
    assert found.reached > 0.1
    told = _told(found)
    assert f"would take about {found.n_wanted:,}, and 8 is the most that was allowed" in told
    assert "±0.1 % was asked for" in told


def test_what_has_run_is_compared_when_it_is_stopped() -> None:
    n_run = 0

    def make(job: Job) -> Outcome:
        nonlocal n_run
        n_run += 1
        return made(job.variant, job.seed)

    line, ask = line_of("a", "b", kind=SHIFT), Ask(pilots=10, most=10)
    runs = run_comparison(line, ask, campaign_of(make), should_stop=lambda: n_run >= 7)
    assert runs.seeds == [0, 1, 2]
    assert analyse(runs).is_cut


def test_too_little_to_compare_is_said() -> None:
    line, ask = line_of("a", "b", kind=SHIFT), Ask(pilots=PILOTS)
    with pytest.raises(ExperimentError, match="only 0 replications of all variants are done"):
        run_comparison(line, ask, campaign_of(noisy({})), should_stop=lambda: True)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"measure": "output_per_hours"}, "did you mean 'output_per_hour'"),
        ({"precision": 0.0}, "precision is 0"),
        ({"precision": 2.0}, "precision is 2"),
        ({"precision": math.nan}, "precision is nan"),
        ({"pilots": 2}, "pilots is 2; give 3 or more"),
        ({"pilots": 10, "most": 5}, "most is 5, fewer than the 10 pilot runs"),
        ({"confidence": 95.0}, "confidence is 95"),
        ({"confidence": 0.2}, r"confidence is 0\.2"),
    ],
)
def test_what_cannot_be_asked(keys: dict[str, Any], told: str) -> None:
    with pytest.raises(ExperimentError, match=told):
        Ask(**keys)


# ---------------------------------------------------------------------- several variants


def test_the_best_of_three_is_named() -> None:
    runs = _compare(noisy({"a": 20.0, "b": 21.0, "c": 23.0}, own=0.2), "a", "b", "c")
    found = analyse(runs)
    assert found.best == "c"
    assert found.is_best_sure
    assert verdict(found).startswith("c is the best of 3 in lines an hour, against a: b +")


def test_a_best_that_cannot_be_told_is_not_claimed() -> None:
    runs = _compare(noisy({"a": 20.0, "b": 21.0, "c": 21.0}, own=0.3), "a", "b", "c", most=10)
    found = analyse(runs)
    assert not found.is_best_sure
    assert verdict(found).startswith("Which of 3 is the best cannot be told; in lines an hour")


def test_intervals_of_three_hold_together() -> None:
    """Each is as wide as half of the error asks (Bonferroni)."""
    runs = _compare(noisy({"a": 20.0, "b": 21.0, "c": 23.0}), "a", "b", "c", pilots=8, most=8)
    figures = runs.figures("output_per_hour")
    for row, effect in zip(figures[1:], analyse(runs).main, strict=True):
        by_hand = stein_interval(row - figures[0], 8, 0.975)
        assert effect.difference.low == pytest.approx(by_hand.low)
        assert effect.difference.high == pytest.approx(by_hand.high)


def test_the_comparison_that_varies_most_decides_the_number() -> None:
    def make(job: Job) -> Outcome:
        own = {"a": 0.0, "b": 0.1, "c": 0.5}[job.variant]
        mean = 20.0 + own * draw(job.seed, job.variant).normal()
        return made(job.variant, job.seed, lines=mean)

    three = _compare(make, "a", "b", "c", precision=0.01, most=500)
    two = _compare(make, "a", "b", precision=0.01, most=500)
    assert three.n_wanted is not None
    assert two.n_wanted is not None
    assert three.n_wanted > 3 * two.n_wanted


# ---------------------------------------------------------------------- answers and regimes


@pytest.mark.parametrize(
    ("percent", "answer"), [(2.0, "Yes"), (5.0, "Cannot be told"), (9.0, "No")]
)
def test_is_it_better_by_so_much(percent: float, answer: str) -> None:
    found = analyse(_compare(noisy({"a": 20.0, "b": 21.0}, own=0.3), most=10))
    (told,) = at_least(found, percent)
    assert told == f"Is b better by {percent:g} % or more? {answer}."


def test_better_is_less_for_times() -> None:
    def make(job: Job) -> Outcome:
        cycle_s = 600.0 - 60.0 * (job.variant == "b") + draw(job.seed, job.variant).normal()
        return made(job.variant, job.seed, cycle_s=cycle_s)

    found = analyse(_compare(make, measure="cycle_time_mean_s"))
    assert [told.split("? ")[1] for told in at_least(found, 5.0)] == ["Yes."]
    assert [told.split("? ")[1] for told in at_least(found, 15.0)] == ["No."]


def test_what_nobody_can_answer_is_said() -> None:
    """Nothing is done on the first floor: there is nothing to take a percentage of."""

    def make(job: Job) -> Outcome:
        return made(job.variant, job.seed, lines=0.0 if job.variant == "a" else 20.0)

    found = analyse(_compare(make, most=10))
    (told,) = at_least(found, 2.0)
    assert "Cannot be told" in told
    assert verdict(found) == "a has no lines an hour to compare with; b has 1,200.0."


@pytest.mark.parametrize(
    ("regime", "told"),
    [
        ("station-bound", "Stations were the limit of all: no other change of the floor"),
        ("demand-bound", "Demand was the limit of all"),
    ],
)
def test_limits_that_no_floor_moves_are_said(regime: str, told: str) -> None:
    found = analyse(_compare(noisy({"a": 20.0, "b": 20.0}, regime=regime), most=10))
    assert told in _told(found)
    assert [side.regime for side in found.sides] == [regime, regime]


def test_a_limit_of_most_runs_is_not_that_of_all() -> None:
    def make(job: Job) -> Outcome:
        regime = "unit-bound" if job.variant == "a" and job.seed == 3 else "station-bound"
        return made(job.variant, job.seed, regime=regime)

    found = analyse(_compare(make))
    assert [side.regime for side in found.sides] == ["station-bound", "station-bound"]
    assert "a was station-bound in 9 and unit-bound in 1 of 10 runs." in _told(found)
    assert "Stations were the limit of all" not in _told(found)


def test_a_comparison_is_plain_json() -> None:
    found = analyse(_compare(noisy({"a": 20.0, "b": 21.0}), most=10))
    told = found.as_json()
    assert told["measure"] == "output_per_hour"
    assert tuple(told["seeds"]) == tuple(range(10))
    assert {effect["measure"] for effect in told["effects"]} > {"output_per_hour", "unit_waiting"}

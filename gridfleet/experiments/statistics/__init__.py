"""What a sample says of the truth: intervals, warm-up, sample sizes, selection of the best.

Pure functions on float64 arrays. Every value is one replication's figure, which is independent of
those of other seeds; values within a run are not, and no interval is made of them (Goldsman &
Tokol, WSC 2000).
"""

from gridfleet.experiments.statistics.efficiency import variance_ratio
from gridfleet.experiments.statistics.intervals import (
    Interval,
    bonferroni,
    mean_interval,
    paired_interval,
    percent_interval,
    share_interval,
)
from gridfleet.experiments.statistics.power import minimum_detectable_effect, pairs_needed, power
from gridfleet.experiments.statistics.selection import Selection, n_to_select, select
from gridfleet.experiments.statistics.stein import (
    n_pairs,
    relative_half_width,
    shared_between_looks,
    stein_interval,
)
from gridfleet.experiments.statistics.warm_up import Truncation, mser5, welch

__all__ = [
    "Interval",
    "Selection",
    "Truncation",
    "bonferroni",
    "mean_interval",
    "minimum_detectable_effect",
    "mser5",
    "n_pairs",
    "n_to_select",
    "paired_interval",
    "pairs_needed",
    "percent_interval",
    "power",
    "relative_half_width",
    "select",
    "share_interval",
    "shared_between_looks",
    "stein_interval",
    "variance_ratio",
    "welch",
]

"""What the commands of experiments share: workers, what is kept, a bar, Ctrl-C, exit codes."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import typer

from gridfleet.cli.interrupt import StopOnInterrupt
from gridfleet.cli.progress import clock, make_bar

if TYPE_CHECKING:
    from types import TracebackType

    from gridfleet.experiments.engine import Campaign, Executor, Progress
    from gridfleet.experiments.replication import Runner, Variant

INTERRUPTED = 130
REPLICATIONS = "replications"
"""Folder of finished replications, inside that of the experiment."""


@contextmanager
def campaign(
    variants: Iterable[Variant], out: Path, workers: int, cluster: str, *, is_quiet: bool,
    deadline_s: float | None = None,
) -> Iterator[tuple[Campaign, Bar]]:  # fmt: skip
    """Workers that run replications of these variants and keep them in the folder, and the bar that
    shows it; `told_too_early` holds inside. Raises ExperimentError for a folder of something else,
    EngineError and StoreError."""
    from gridfleet.experiments.engine import Campaign, Store
    from gridfleet.experiments.errors import ExperimentError
    from gridfleet.experiments.replication import Runner
    from gridfleet.run_folder import SCENARIO

    if (out / SCENARIO).exists():
        raise ExperimentError(
            f"{out} is the folder of a run, whose report would be lost; choose another with --out"
        )
    runner = Runner({variant.name: variant for variant in variants})
    store = Store(out / REPLICATIONS)
    with (
        Bar(is_quiet, deadline_s) as bar,
        _executor(runner, workers, cluster) as executor,
        told_too_early(bar),
    ):
        yield Campaign(executor, store), bar


@contextmanager
def told_too_early(bar: Bar) -> Iterator[None]:
    """What cannot be told because Ctrl-C came too early is no bad input."""
    from gridfleet.experiments.errors import ExperimentError

    try:
        yield
    except ExperimentError as error:
        if not bar.is_interrupted:
            raise
        print(f"interrupted: {error}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def _executor(runner: Runner, workers: int, cluster: str) -> Executor:
    from gridfleet.experiments.replication import prepare

    if cluster:
        from gridfleet.experiments.engine.cluster import Cluster

        return Cluster(runner, cluster, n_workers=workers, prepare=prepare)
    from gridfleet.experiments.engine import Processes

    return Processes(runner, workers, prepare)


class Bar:
    """`with Bar(is_quiet) as bar: run(..., bar.show, bar.should_stop)`: a live line on stderr, and
    Ctrl-C as a wish to stop."""

    def __init__(self, is_quiet: bool, deadline_s: float | None = None) -> None:
        self._is_live = not is_quiet and sys.stderr.isatty()
        self._is_quiet = is_quiet
        self._stop = StopOnInterrupt()
        self._deadline_s = deadline_s
        self._last = ""
        self.was_late = False

    def __enter__(self) -> Self:
        self._stop.__enter__()
        if self._is_live:
            self._bar = make_bar()
            self._bar.start()
            self._task = self._bar.add_task("starting workers", total=None)
        return self

    @property
    def is_interrupted(self) -> bool:
        return self._stop.asked()

    def should_stop(self) -> bool:
        import time

        if self._deadline_s is not None and time.monotonic() >= self._deadline_s:
            self.was_late = True
        return self.was_late or self._stop.asked()

    def show(self, what: str, news: Progress) -> None:
        left = "" if news.left_s is None else f", {clock(news.left_s + 59)} h left"
        failed = f", {news.failed} failed" if news.failed else ""
        kept = f", {news.kept} from before" if news.kept else ""
        self._last = f"{what}: {news.done} of {news.total}{kept}{failed}"
        if self._is_live:
            self._bar.update(
                self._task, completed=news.done, total=news.total, description=self._last + left
            )
        elif not self._is_quiet and news.done == news.total:
            print(self._last, file=sys.stderr)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._is_live:
            self._bar.stop()
        self._stop.__exit__(kind, error, trace)


def percent(text: str, option: str) -> float:
    """ "1%" or "0.01" as a share. Raises ExperimentError."""
    from gridfleet.experiments.errors import ExperimentError

    number = text.strip().removesuffix("%")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ExperimentError(f"{option} is {text!r}; write a percentage, such as 1%")
    return value / 100.0 if text.strip().endswith("%") else value


@contextmanager
def refused_interrupts(told: str) -> Iterator[None]:
    """A second Ctrl-C, or one while nothing can be kept: leave at once."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"interrupted: {told}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def tell(
    figures: Mapping[str, Any], sentences: Iterable[str], table: Callable[[], str], report: Path, *,
    as_json: bool,
) -> None:  # fmt: skip
    """Print what was found: as JSON, or the first sentence, the others below it, and the table."""
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    first, *others = sentences
    print(first)
    for line in others:
        print(f"  {line}")
    print()
    print(table())
    print(f"report: {report}")


def given_options(**options: Any) -> dict[str, Any]:
    """Those that were given."""
    return {key: value for key, value in options.items() if value is not None}

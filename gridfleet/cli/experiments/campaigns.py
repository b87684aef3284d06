"""What the commands of experiments share: workers, what is kept, a bar, Ctrl-C, exit codes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import typer

from gridfleet.cli.interrupt import StopOnInterrupt
from gridfleet.cli.progress import clock, make_bar

if TYPE_CHECKING:
    from types import TracebackType

    from gridfleet.experiments.engine import Campaign, Executor, Progress
    from gridfleet.experiments.replication import Runner, Variant

FAILED, INTERRUPTED = 1, 130
REPLICATIONS = "replications"
"""Folder of finished replications, inside that of the experiment."""


@contextmanager
def campaign(
    variants: Mapping[str, Variant], out: Path, workers: int, cluster: str
) -> Iterator[Campaign]:
    """Workers that run replications of these variants, and keep them in the folder. Raises
    ExperimentError for a folder of something else, EngineError and StoreError."""
    from gridfleet.experiments.engine import Campaign, Store
    from gridfleet.experiments.errors import ExperimentError
    from gridfleet.experiments.replication import Runner
    from gridfleet.run_folder import SCENARIO

    if (out / SCENARIO).exists():
        raise ExperimentError(
            f"{out} is the folder of a run, whose report would be lost; choose another with --out"
        )
    with ExitStack() as stack:
        store = Store(out / REPLICATIONS)
        executor = stack.enter_context(_executor(Runner(dict(variants)), workers, cluster))
        yield Campaign(executor, store)


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
        raise ExperimentError(f"{option} is {text!r}; write a percentage, such as 1%") from None
    return value / 100.0 if text.strip().endswith("%") else value


@contextmanager
def refused_interrupts(told: str) -> Iterator[None]:
    """A second Ctrl-C, or one while nothing can be kept: leave at once."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"interrupted: {told}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def given_options(**options: Any) -> dict[str, Any]:
    """Those that were given."""
    return {key: value for key, value in options.items() if value is not None}

"""Finding a dask cluster, and making sure that its workers give the same results as this program.

Whatever is wrong is said before a job is run. dask is an extra, and
imported here when it is needed.
"""

from __future__ import annotations

import logging
import socket
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gridfleet.experiments.engine.children import no_interrupt, one_thread
from gridfleet.experiments.engine.executor import EngineError, Failure, Prepare, begin
from gridfleet.experiments.engine.program import Program, program

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
"""Address of a cluster of processes of this machine, made when it is opened."""
PATIENCE_S = 5.0
"""How long a scheduler may take to answer, and a cluster to have a worker."""
NOWHERE = "127.0.0.1:0"
"""Of the scheduler's pages for people: they cannot be left out, but need no port of their own."""
DEATHS_ALLOWED = 1
"""Of workers by one job, on a cluster made here."""
_UNWATCHED = {
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.worker.memory.monitor-interval": "10s",
}
"""How dask watches itself, for pages that nobody looks at on a cluster made here. Each look takes
the interpreter from the job that a worker runs: as usual, many a second, jobs took a seventh
longer."""


class ClusterError(EngineError):
    """A cluster that cannot be used; the text names the cure."""


def connect(address: str, n_workers: int, opening: ExitStack) -> Client:
    """A client of the cluster, which `opening` closes. n_workers: of a LOCAL cluster.

    Raises ClusterError where dask is not installed and where no scheduler answers.
    """
    try:
        import dask
        import distributed
    except ModuleNotFoundError:
        raise ClusterError(
            "a cluster needs dask.distributed, which is not installed; install it with: pip "
            "install 'gridfleet[cluster]', or leave --cluster out"
        ) from None
    opening.enter_context(_quiet())
    with warnings.catch_warnings():  # versions are checked here, and said better
        warnings.simplefilter("ignore")
        if address == LOCAL:
            with no_interrupt(), one_thread(), dask.config.set(_UNWATCHED):
                cluster = distributed.LocalCluster(
                    n_workers=n_workers, threads_per_worker=1, dashboard_address=NOWHERE,
                    silence_logs=logging.CRITICAL,
                    scheduler_kwargs={"allowed_failures": DEATHS_ALLOWED},
                )  # fmt: skip
            address = opening.enter_context(cluster).scheduler_address
        else:
            _knock(address)
        try:
            client: Client = distributed.Client(address, timeout=PATIENCE_S)
            return opening.enter_context(client)
        except Exception as error:
            raise ClusterError(
                f"what answers at {address} is no dask scheduler, or one of another version "
                f"({type(error).__name__}: {error})"
            ) from None


def _knock(address: str) -> None:
    """Raises ClusterError where nothing answers. dask's own client waits longer, and leaves threads
    behind where it fails."""
    try:
        url = urlsplit(address)
        host, port = url.hostname, url.port
    except ValueError:
        host = port = None
    if not address.startswith(("tcp://", "tls://")) or not host or not port:
        raise ClusterError(f"{address!r} is no address of a cluster; one is like tcp://host:8786")
    try:
        socket.create_connection((host, port), PATIENCE_S).close()
    except OSError as error:
        raise ClusterError(
            f"no dask scheduler answers at {address}: {error.strerror or error}; start one there "
            "with: dask scheduler"
        ) from None


def check_workers(client: Client, address: str, prepare: Prepare | None) -> int:
    """So many workers are fit and prepared. Raises ClusterError where there are none, where one has
    another program or several threads, and where it cannot be prepared."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE_S)
    except TimeoutError:
        raise ClusterError(
            f"the cluster at {address} has no workers; start some, with one thread each, on every "
            f"machine: dask worker {address} --nthreads 1 --nworkers 2"
        ) from None
    for worker, n_threads in client.nthreads().items():
        if n_threads != 1:
            raise ClusterError(
                f"worker {worker} has {n_threads} threads, and runs are not made for threads; "
                f"start it with: dask worker {address} --nthreads 1 --nworkers {n_threads}"
            )
    told = client.run(get_ready, prepare, on_error="return")
    for worker, said in told.items():
        check_worker(worker, said)
    return len(told)


def check_worker(worker: str, said: object) -> None:
    """said: what `get_ready` gave on the worker. Raises ClusterError where it is not fit."""
    if isinstance(said, Failure):
        raise ClusterError(f"worker {worker} cannot be prepared: {said.text}")
    if not isinstance(said, Program):
        raise ClusterError(
            f"worker {worker} lacks what this program has: {type(said).__name__}: {said}; install "
            "the same gridfleet there"
        )
    if differences := program().differences(said):
        raise ClusterError(
            f"worker {worker} would not give the same results: it has {', '.join(differences)}; "
            "install the same gridfleet and libraries there"
        )


@cache
def get_ready(prepare: Prepare | None) -> Program | Failure:
    """On a worker, once: run `prepare`, and say which program the worker has."""
    failure = begin(prepare)
    return program() if failure is None else failure


@contextmanager
def _quiet() -> Iterator[None]:
    """dask logs every worker that dies and every connection that ends; what matters of that is in
    Failures and errors."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)

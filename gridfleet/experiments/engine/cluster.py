"""Jobs on a cluster: dask.distributed, on many machines or on two processes of this one.

Nothing of dask is imported before a cluster is opened: it is an extra.
"""

from __future__ import annotations

from gridfleet.experiments.engine.executor import EngineError, Function, Prepare

LOCAL = "local"
"""Address of a cluster of processes of this machine, made when it is opened."""


class ClusterError(EngineError):
    """A cluster that cannot be used; the text names the cure."""


class Cluster:
    """An Executor. address: tcp://host:8786 of a scheduler, or LOCAL for one of `n_workers`
    processes here. function, prepare: as for Processes."""

    def __init__(
        self, function: Function, address: str, n_workers: int = 2, prepare: Prepare | None = None
    ) -> None:
        raise ClusterError("not made yet")

"""Runs many jobs in parallel, bytes in and bytes out: processes, a cluster, and what is kept.

A job is what a deterministic function makes a result of, so where it runs changes no byte of it,
and a result that is kept need not be made again.
"""

from gridfleet.experiments.engine.campaign import Campaign, Progress, Results
from gridfleet.experiments.engine.executor import EngineError, Executor, Failure, Here, Job
from gridfleet.experiments.engine.processes import Processes
from gridfleet.experiments.engine.store import Store, StoreError

__all__ = [
    "Campaign",
    "EngineError",
    "Executor",
    "Failure",
    "Here",
    "Job",
    "Processes",
    "Progress",
    "Results",
    "Store",
    "StoreError",
]

"""What things are called on labels and screens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hw_bridge.vda5050.names import pod_name, pod_named


def _unknown(cell: int) -> str:
    return ""


def _sku_name(sku: int) -> str:
    return f"SKU{sku}"


def _no_order(job: int, line: int) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Labels:
    """at: label of the pod that stands on a cell, "" where nobody knows; a unit that finds another
    one complains. pod, sku: what is scanned for a pod and for goods. pod_of: the pod of a label, -1
    unknown. order: what a line is for, by job and line, for people."""

    at: Callable[[int], str] = _unknown
    pod: Callable[[int], str] = pod_name
    sku: Callable[[int], str] = _sku_name
    pod_of: Callable[[str], int] = pod_named
    order: Callable[[int, int], str] = _no_order

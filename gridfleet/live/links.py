"""What the bridge counts, for status, figures and logs."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from hw_bridge.backend import BridgeBackend, DeviceStatus
    from hw_bridge.figures import Histogram

Buckets = tuple[list[tuple[str, float]], float]
"""(upper bound, how many up to it) and the sum, as Prometheus has them."""


class Links(Protocol):
    """What there is to tell of the links of a fleet."""

    def figures(self) -> dict[str, Any]:
        """For people."""

    def counts(self) -> Mapping[str, Mapping[str, float]]:
        """Name -> label -> number. May be asked from another thread."""

    def histograms(self) -> Mapping[str, Buckets]: ...

    def unacknowledged_s(self) -> float:
        """Age of the oldest order without an echo."""


class BridgeLinks:
    """Implements Links for the bridge."""

    def __init__(self, backend: BridgeBackend) -> None:
        self._backend = backend

    def figures(self) -> dict[str, Any]:
        backend, figures = self._backend, self._backend.figures
        return {
            "devices": [_device(device) for device in backend.status()],
            "messages_in": dict(figures.received),
            "messages_out": dict(figures.sent),
            "messages_lost": figures.n_lost,
            "orders_sent_again": figures.n_again,
            "refused": backend.refused(),
            "unacknowledged_s": round(backend.unacknowledged_s(), 3),
            "round_trip_s": _quantiles(figures.round_trips),
            "order_echo_s": _quantiles(figures.echoes),
        }

    def counts(self) -> Mapping[str, Mapping[str, float]]:
        figures = self._backend.figures
        return {
            "messages_in": dict(figures.received),
            "messages_out": dict(figures.sent),
            "messages_not_sent": dict(figures.not_sent),
            "messages_refused": self._backend.refused(),
            "messages_lost": {"by gaps": figures.n_lost},
            "orders_sent_again": {"without echo": figures.n_again},
        }

    def histograms(self) -> Mapping[str, Buckets]:
        figures = self._backend.figures
        return {
            "round_trip": _buckets(figures.round_trips),
            "order_echo": _buckets(figures.echoes),
        }

    def unacknowledged_s(self) -> float:
        return self._backend.unacknowledged_s()


def _device(device: DeviceStatus) -> dict[str, Any]:
    heard_s = device.heard_ago_s
    return {
        "serial": device.serial,
        "heard_ago_s": round(heard_s, 3) if isfinite(heard_s) else None,
        "session": device.session,
        "lost": device.n_lost,
        "received": device.n_received,
        "sent": device.n_sent,
        "round_trip_s": round(device.round_trip_s, 4) if device.round_trip_s >= 0 else None,
        "connection": device.connection,
        "waits_s": round(device.waits_s, 3) if device.waits_s >= 0 else None,
    }


def _quantiles(histogram: Histogram) -> dict[str, float]:
    return {
        "p50": histogram.quantile_s(0.5),
        "p99": histogram.quantile_s(0.99),
        "greatest": round(histogram.greatest_s, 4),
    }


def _buckets(histogram: Histogram) -> Buckets:
    counts, total, buckets = list(histogram.counts), 0, list[tuple[str, float]]()
    bounds = [*(str(bound) for bound in histogram.bounds_s), "+Inf"]
    for bound, count in zip(bounds, counts, strict=True):
        total += count
        buckets.append((bound, total))
    return buckets, histogram.sum_s

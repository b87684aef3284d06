"""Overlap of convex polygons by clipping, in plain Python: the slow twin of the monitor's kernels.

Sutherland and Hodgman (1974): cut one polygon by every edge of the other; what is left overlaps.
"""

from __future__ import annotations

import math

Polygon = list[tuple[float, float]]


def rectangle(x: float, y: float, yaw: float, length: float, width: float) -> Polygon:
    """Corners counter-clockwise."""
    corners = [(length, width), (-length, width), (-length, -width), (length, -width)]
    cos, sin = math.cos(yaw), math.sin(yaw)
    return [(x + (a * cos - b * sin) / 2, y + (a * sin + b * cos) / 2) for a, b in corners]


def square(x: float, y: float, side: float) -> Polygon:
    return rectangle(x, y, 0.0, side, side)


def clip(subject: Polygon, window: Polygon) -> Polygon:
    """The part of `subject` inside `window`."""
    for (ax, ay), (bx, by) in zip(window, window[1:] + window[:1], strict=True):
        left = [(bx - ax) * (y - ay) - (by - ay) * (x - ax) for x, y in subject]
        kept: Polygon = []
        for i in range(len(subject)):
            (px, py), (qx, qy) = subject[i - 1], subject[i]
            if (left[i - 1] < 0) != (left[i] < 0):
                share = left[i - 1] / (left[i - 1] - left[i])
                kept.append((px + share * (qx - px), py + share * (qy - py)))
            if left[i] >= 0:
                kept.append((qx, qy))
        subject = kept
        if not subject:
            return []
    return subject


def area(polygon: Polygon) -> float:
    """Shoelace formula."""
    pairs = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2


def overlap_m2(a: Polygon, b: Polygon) -> float:
    return area(clip(a, b))

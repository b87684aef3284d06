"""Floors made from a few figures: classic blocks, and chutes between streets.

    floor = block_floor(BlockFloor(blocks_across=6, stations=(StationRow("south", 8),)))

The same figures always give the same floor.
"""

from layouts.generate.blocks import BlockFloor, block_floor
from layouts.generate.figures import Side, StationRow
from layouts.generate.sortation import SortationFloor, sortation_floor

__all__ = ["BlockFloor", "Side", "SortationFloor", "StationRow", "block_floor", "sortation_floor"]

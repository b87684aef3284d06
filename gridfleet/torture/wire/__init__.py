"""Torture over real sockets: processes that are killed and frozen, links that are cut, by seed.

case -> faults -> stage (keys, proxies, processes) -> trouble (what happens when) -> eyes and ledger
(what really happened, from the side) -> run -> the campaign of gridfleet.torture

What happens is drawn from the seed, but real time is not: a second run of the same seed is another
run of the same trouble.
"""

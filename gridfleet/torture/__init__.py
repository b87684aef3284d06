"""Torture: small random floors and faults by seed, judged by an oracle that trusts nobody.

case -> run (controller and world, cycle by cycle) -> oracle, goods -> result -> campaign
"""

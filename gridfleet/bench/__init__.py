"""Benches: the rules of others, and planners measured by them."""

"""Terminals of stations: what people are asked to do, and what they have done."""

"""Experiments: replications of variants, what they differ by, and how sure that is."""

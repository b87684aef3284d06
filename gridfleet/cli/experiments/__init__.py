"""Commands that run many replications: compare, fleet-curve, sweep, lost."""

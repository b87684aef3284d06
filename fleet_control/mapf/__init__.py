"""Multi-agent path finding: distance fields, lifelong planning, conflict checks, capacity."""

"""Many points of a space of scenarios: which of what is varied matters, and which point is best."""

"""The digital twin: what executes releases when there is no real floor."""

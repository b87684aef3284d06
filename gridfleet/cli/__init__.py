"""The `gridfleet` command."""

"""Wires layouts, controller and twin together: command line, runs, KPIs and reports."""

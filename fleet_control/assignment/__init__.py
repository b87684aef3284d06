"""Tasks to units for throughput: many open tasks, few of which have begun."""

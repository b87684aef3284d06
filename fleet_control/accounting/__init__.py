"""What the time of stations and units is spent on, to the microsecond."""

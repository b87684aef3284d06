"""From plans to releases: who visits each cell in which order, and what is released when."""

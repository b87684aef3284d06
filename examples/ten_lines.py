"""A run from Python."""

from gridfleet.kpis import kpis
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation

simulation = Simulation(Scenario(layout="teaching", hours=0.5, seed=1))
record = simulation.run()
figures = kpis(record)
print(f"{figures['lines_per_hour']:.0f} lines an hour, {figures['contacts']} contacts")

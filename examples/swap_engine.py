"""The same floor, orders and fleet on either engine: python examples/swap_engine.py physics"""

import sys

from gridfleet.kpis import kpis
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation

engine = sys.argv[1] if len(sys.argv) > 1 else "kinematic"
simulation = Simulation(Scenario(layout="teaching", robots=5, hours=0.05, engine=engine))
figures = kpis(simulation.run())
simulation.close()
print(
    f"{engine}: {figures['lines_per_hour']:.0f} lines an hour, {figures['contacts']} contacts, "
    f"{figures['speed_x_real_time']:.0f} x real time"
)

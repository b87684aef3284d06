"""The physics twin: drive units with wheels, casters and lifts in pybullet, steered in kernels."""

"""The fast twin: differential-drive kinematics and a collision monitor in compiled kernels."""

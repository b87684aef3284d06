"""What an experiment takes from a run: its minutes, figures over a window, and whether it jammed."""
